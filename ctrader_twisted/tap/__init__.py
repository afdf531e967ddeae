"""
What the C{twistd} plugins run. Importing this package loads nothing heavy: plugins are looked through at every start.
"""
