"""
The simulator's OAuth services over HTTP: the page on which a user grants access, and the token service.
"""

from ctrader_twisted.simulator.oauth.site import makeSite

__all__ = ["makeSite"]
