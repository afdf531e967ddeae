"""
What a running simulator tells its clients.
"""

from __future__ import annotations

import json
from pathlib import Path

from attrs import frozen
from twisted.internet.endpoints import quoteStringArgument

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth.services import Services
from ctrader_twisted.profiles.keys import Keys

__all__ = ["Simulated", "readSimulator", "servicesIn"]


@frozen
class Simulated:
    """
    How to reach a simulator.

    @ivar endpoint: where to connect, as an endpoint string.
    @ivar application: an application that it knows.
    @ivar services: where it gives tokens.
    @ivar pair: tokens that are good already.
    """

    endpoint: str
    application: Application
    services: Services
    pair: TokenPair


def readSimulator(path: Path) -> Simulated:
    """
    Read the C{simulator.json} that a simulator has written.

    @param path: the file.
    @return: what it says.
    @raise ConfigurationError: if it cannot be used; the message names it.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; is the simulator running?") from error
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path} is not what a simulator has written")
    keys = Keys(str(path), values)
    host, caFile = _quoted(keys.text("host")), _quoted(str(path.parent / keys.text("caFile")))
    return Simulated(
        f"ctrader:{host}:{keys.number('port')}:caFile={caFile}",
        Application(keys.text("clientId"), keys.text("clientSecret")),
        servicesIn(keys, "oauth"),
        TokenPair(keys.text("accessToken"), keys.text("refreshToken")),
    )


def servicesIn(keys: Keys, key: str) -> Services:
    """
    Read where tokens are given.

    @param keys: a table.
    @param key: a key of it, which holds another one.
    @return: what that one says.
    @raise ConfigurationError: if it cannot be used; the message names it.
    """
    table = keys.table(key)
    authorizeUrl, tokenUrl = table.text("authorizeUrl"), table.text("tokenUrl")
    table.finish()
    with keys.about(key):
        return Services(authorizeUrl, tokenUrl)


def _quoted(word: str) -> str:
    """
    Keep the colons and backslashes of a word in an endpoint string.
    """
    return str(quoteStringArgument(word))  # type: ignore[no-untyped-call]
