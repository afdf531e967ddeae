"""
What outlives a connection: the connection machine, the account machine, backoff, and the way of events.
"""
