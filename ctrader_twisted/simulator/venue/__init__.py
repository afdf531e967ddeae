"""
Where orders are executed: accounts, positions, orders, deals, and the money that they make and cost.
"""
