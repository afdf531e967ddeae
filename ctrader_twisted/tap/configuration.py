"""
The configuration file of C{twistd ctrader}.

Files that it names are looked for from its own folder. Secrets are in none of its keys, only in files that nobody else
can read, or in the environment.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.endpoints import clientFromString, quoteStringArgument

from ctrader_twisted.client import Client
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, TokenPair
from ctrader_twisted.oauth import FileTokens, MemoryTokens
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.connection import Application
from ctrader_twisted.tap.keys import Keys

__all__ = ["ACCESS_TOKEN", "CLIENT_SECRET", "Configuration", "Wanted", "makeClient", "readConfiguration"]

CLIENT_SECRET = "CTRADER_CLIENT_SECRET"  # noqa: S105  # a name
ACCESS_TOKEN = "CTRADER_ACCESS_TOKEN"  # noqa: S105  # a name
"""
The variables of the environment that hold what no file does.
"""

_SIMULATOR_GIVES = ("endpoint", "application", "tokens")


@frozen
class Wanted:
    """
    An account that is to be followed.

    @ivar accountId: its C{ctidTraderAccountId}.
    @ivar symbols: the names of the symbols whose quotes are to be logged.
    """

    accountId: int
    symbols: tuple[str, ...]


@frozen
class Configuration:
    """
    What a configuration file says.

    @ivar source: the file's name.
    @ivar endpoint: where to connect, as an endpoint string.
    @ivar application: who to log in as.
    @ivar tokens: where the access tokens are.
    @ivar accounts: the accounts to follow.
    """

    source: str
    endpoint: str
    application: Application
    tokens: ITokenStore
    accounts: tuple[Wanted, ...]


def readConfiguration(path: Path, environment: Mapping[str, str]) -> Configuration:
    """
    Read a configuration file, and the files that it names.

    @param path: the file.
    @param environment: the variables of the environment.
    @return: what it says.
    @raise ConfigurationError: if it cannot be used; the message names the file and the key.
    """
    keys = Keys(str(path), _toml(path))
    folder = path.absolute().parent
    accounts = tuple(_wanted(row) for row in keys.tables("accounts"))
    if keys.has("simulator"):
        for key in _SIMULATOR_GIVES:
            if keys.has(key):
                raise keys.wrong(key, "cannot be there together with simulator, which says it, too")
        configuration = _fromSimulator(keys, folder / keys.text("simulator"), accounts)
    else:
        endpoint = _endpoint(keys)
        application = _application(keys.table("application"), folder, environment)
        tokens = _tokens(keys.table("tokens"), folder, environment)
        configuration = Configuration(keys.source, endpoint, application, tokens, accounts)
    keys.finish()
    return configuration


def makeClient(reactor: Any, configuration: Configuration) -> Client:
    """
    Make the client that a configuration describes.

    @param reactor: the reactor.
    @param configuration: the configuration.
    @return: the client, not started.
    @raise ConfigurationError: if there is no such endpoint.
    """
    try:
        endpoint = clientFromString(reactor, configuration.endpoint)  # type: ignore[no-untyped-call]
    except (ConfigurationError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{configuration.source}: endpoint: {error}") from error
    accountIds = [wanted.accountId for wanted in configuration.accounts]
    return Client(reactor, endpoint, configuration.application, configuration.tokens, accounts=accountIds)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from error


def _wanted(keys: Keys) -> Wanted:
    wanted = Wanted(keys.number("id"), keys.texts("symbols"))
    keys.finish()
    return wanted


def _endpoint(keys: Keys) -> str:
    endpoint = keys.text("endpoint")
    # Of Twisted's own, tcp: does not encrypt, and ssl: does not look at the server's certificate.
    if not endpoint.startswith("ctrader:"):
        raise keys.wrong("endpoint", "must be ctrader:demo, ctrader:live, or ctrader:HOST[:PORT][:caFile=FILE]")
    return endpoint


def _application(keys: Keys, folder: Path, environment: Mapping[str, str]) -> Application:
    clientId = keys.text("clientId")
    if keys.has("clientSecretFile"):
        secret = Secret(_privateText(keys, "clientSecretFile", folder))
    elif environment.get(CLIENT_SECRET):
        secret = Secret(environment[CLIENT_SECRET])
    else:
        raise keys.wrong("clientSecretFile", f"is missing, and {CLIENT_SECRET} is not in the environment")
    keys.finish()
    return Application(clientId, secret)


def _tokens(keys: Keys, folder: Path, environment: Mapping[str, str]) -> ITokenStore:
    if keys.has("file"):
        tokens: ITokenStore = FileTokens(folder / keys.text("file"))
        _tryOut(keys, tokens)
    elif environment.get(ACCESS_TOKEN):
        tokens = MemoryTokens(TokenPair(environment[ACCESS_TOKEN]))
    else:
        raise keys.wrong("file", f"is missing, and {ACCESS_TOKEN} is not in the environment")
    keys.finish()
    return tokens


def _tryOut(keys: Keys, tokens: ITokenStore) -> None:
    """
    Find out now what would be found out at the login.
    """
    problems: list[object] = []
    tokens.load().addCallbacks(
        lambda pairs: None if pairs else problems.append("there is no token in it"),
        lambda failure: problems.append(failure.value),
    )
    if problems:
        raise keys.wrong("file", f"cannot be used: {problems[0]}")


def _privateText(keys: Keys, key: str, folder: Path) -> str:
    path = folder / keys.text(key)
    try:
        with path.open(encoding="utf-8") as file:
            # Windows keeps no such bits; there the folder's access list protects the file.
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise keys.wrong(key, f"names {path}, which others can read; make it private with chmod 600")
            text = file.read().strip()
    except OSError as error:
        raise keys.wrong(key, f"names {path}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        # The text of the original error can hold a piece of the secret.
        raise keys.wrong(key, f"names {path}, which is no text") from None
    if not text:
        raise keys.wrong(key, f"names {path}, which is empty")
    return text


def _fromSimulator(keys: Keys, path: Path, accounts: tuple[Wanted, ...]) -> Configuration:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        words = f"names {path}, which cannot be read: {error.strerror}; is the simulator running?"
        raise keys.wrong("simulator", words) from error
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise keys.wrong("simulator", f"names {path}, which is not what a simulator has written")
    found = Keys(str(path), values)
    host, caFile = _quoted(found.text("host")), _quoted(str(path.parent / found.text("caFile")))
    return Configuration(
        keys.source,
        f"ctrader:{host}:{found.number('port')}:caFile={caFile}",
        Application(found.text("clientId"), found.text("clientSecret")),
        MemoryTokens(TokenPair(found.text("accessToken"))),
        accounts,
    )


def _quoted(word: str) -> str:
    """
    Keep the colons and backslashes of a word in an endpoint string.
    """
    return str(quoteStringArgument(word))  # type: ignore[no-untyped-call]
