"""
What the simulated server does with each request, in groups of related ones.
"""
