"""
What all pages of the site have in common.
"""

from __future__ import annotations

from twisted.web.http import NOT_ALLOWED
from twisted.web.resource import Resource
from twisted.web.server import Request

__all__ = ["Leaf"]


class Leaf(Resource):
    """
    Something at one address. Asking for its head alone is refused: Twisted would do what is asked all the same, and log
    the address, in which secrets travel.
    """

    isLeaf = True

    def render_HEAD(self, request: Request) -> bytes:
        request.setResponseCode(NOT_ALLOWED)
        return b""
