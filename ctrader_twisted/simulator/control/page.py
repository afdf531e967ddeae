"""
The address at which a running simulator takes orders from its owner.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from twisted.logger import Logger
from twisted.web.http import BAD_REQUEST, INTERNAL_SERVER_ERROR, REQUEST_ENTITY_TOO_LARGE, UNAUTHORIZED
from twisted.web.server import Request

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.control.orders import obey
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.oauth.leaf import Leaf

__all__ = ["ControlPage"]

_LONGEST = 1_000_000


class ControlPage(Leaf):
    """
    Takes orders as JSON from whoever knows the secret, which only those do who can read the simulator's directory. No
    page in a browser can send it: it does not know it, and no browser adds such a header by itself.
    """

    _log = Logger()

    def __init__(self, exchange: Exchange, secret: Secret) -> None:
        """
        @param exchange: what the orders are for.
        @param secret: what the header C{Authorization: Bearer} must say.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._exchange = exchange
        self._secret = secret

    def render_POST(self, request: Request) -> bytes:
        """
        Take an order.

        @param request: the request.
        """
        request.setHeader("Content-Type", "application/json")  # type: ignore[no-untyped-call]
        request.setHeader("Cache-Control", "no-store")  # type: ignore[no-untyped-call]
        given = request.getHeader("authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self._secret.reveal()}".encode()):
            return _refused(request, UNAUTHORIZED, "the header Authorization: Bearer SECRET is missing or wrong")
        assert request.content is not None
        body = request.content.read(_LONGEST + 1)
        if len(body) > _LONGEST:
            return _refused(request, REQUEST_ENTITY_TOO_LARGE, f"an order has at most {_LONGEST} bytes")
        try:
            return _encoded(obey(self._exchange, json.loads(body)))
        except (ValueError, ConfigurationError) as error:
            return _refused(request, BAD_REQUEST, str(error))
        except Exception:
            self._log.failure("An order failed")
            return _refused(request, INTERNAL_SERVER_ERROR, "the simulator failed at this order; its log tells more")


def _refused(request: Request, status: int, words: str) -> bytes:
    request.setResponseCode(status)
    return _encoded({"error": words})


def _encoded(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode()
