"""
What the simulated broker offers and how its prices move: symbols, price sources, the market clock, and bars.
"""
