"""
Grants of access: where their tokens are kept.
"""

from ctrader_twisted.oauth.tokens import FileTokens, MemoryTokens

__all__ = ["FileTokens", "MemoryTokens"]
