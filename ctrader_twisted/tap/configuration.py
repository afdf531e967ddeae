"""
The configuration file of C{twistd ctrader} and C{twistd ctrader-record}.

Files that it names are looked for from its own folder. Secrets are in none of its keys, only in files that nobody else
can read, or in the environment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen
from twisted.internet.defer import execute

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, RunBlocking
from ctrader_twisted.oauth import CTRADER, FileTokens, MemoryTokens, OAuth, Services
from ctrader_twisted.private import readPrivate
from ctrader_twisted.profiles import ProfileFile
from ctrader_twisted.profiles.keys import Keys
from ctrader_twisted.profiles.profile import endpointFrom
from ctrader_twisted.profiles.simulated import readSimulator
from ctrader_twisted.secret import Secret
from ctrader_twisted.units import toMilliseconds

__all__ = ["ACCESS_TOKEN", "CLIENT_SECRET", "Configuration", "Wanted", "makeClient", "readConfiguration"]

CLIENT_SECRET = "CTRADER_CLIENT_SECRET"  # noqa: S105  # a name
ACCESS_TOKEN = "CTRADER_ACCESS_TOKEN"  # noqa: S105  # a name
"""
The variables of the environment that hold what no file does.
"""

_Tokens: TypeAlias = Callable[[RunBlocking], ITokenStore]

_OWN_HOSTS = ("ctrader:demo", "ctrader:live")
_OTHERS_GIVE = ("endpoint", "application", "tokens")


@frozen
class Wanted:
    """
    An account that is to be followed.

    @ivar accountId: its C{ctidTraderAccountId}.
    @ivar symbols: the names of the symbols whose quotes are to be logged or recorded.
    @ivar directory: the folder of the dataset to record into; L{None} if nothing is to be recorded.
    @ivar since: from when on that shall be complete, in milliseconds since 1970; L{None} for when it was begun.
    """

    accountId: int
    symbols: tuple[str, ...]
    directory: Path | None = None
    since: int | None = None


@frozen
class Configuration:
    """
    What a configuration file says.

    @ivar source: the file's name.
    @ivar endpoint: where to connect, as an endpoint string.
    @ivar application: who to log in as.
    @ivar tokens: makes the store of the access tokens, which waits for the disk as it is told.
    @ivar services: where tokens are bought over HTTP; L{None} if that is not known.
    @ivar accounts: the accounts to follow.
    """

    source: str
    endpoint: str
    application: Application
    tokens: _Tokens
    services: Services | None
    accounts: tuple[Wanted, ...]


def readConfiguration(path: Path, environment: Mapping[str, str], *, isRecorded: bool = False) -> Configuration:
    """
    Read a configuration file, and the files that it names.

    @param path: the file.
    @param environment: the variables of the environment.
    @param isRecorded: whether each account has to say where its quotes are recorded.
    @return: what it says.
    @raise ConfigurationError: if it cannot be used; the message names the file and the key.
    """
    keys = Keys(str(path), _toml(path))
    folder = path.absolute().parent
    rows = keys.tables("accounts")
    accounts = tuple(_recorded(rows, folder) if isRecorded else map(_wanted, rows))
    services: Services | None
    if keys.has("simulator"):
        endpoint, application, tokens, services = _fromSimulator(keys, folder)
    elif keys.has("profile"):
        endpoint, application, tokens, services = _fromProfile(keys, folder)
    else:
        endpoint = keys.endpoint("endpoint")
        application = _application(keys.table("application"), folder, environment)
        tokens = _tokens(keys.table("tokens"), folder, environment)
        services = _servicesOf(endpoint)
    keys.finish()
    return Configuration(keys.source, endpoint, application, tokens, services, accounts)


def makeClient(reactor: Any, configuration: Configuration, tokens: ITokenStore) -> Client:
    """
    Make the client that a configuration describes.

    @param reactor: the reactor.
    @param configuration: the configuration.
    @param tokens: the store that it has made.
    @return: the client, not started.
    @raise ConfigurationError: if there is no such endpoint.
    """
    endpoint = endpointFrom(reactor, configuration.endpoint, configuration.source)
    accountIds = [wanted.accountId for wanted in configuration.accounts]
    application, services = configuration.application, configuration.services
    oauth = None if services is None else OAuth(reactor, application, services=services)
    return Client(reactor, endpoint, application, tokens, accounts=accountIds, oauth=oauth)


def _servicesOf(endpoint: str) -> Services | None:
    return CTRADER if endpoint in _OWN_HOSTS else None


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


def _recorded(rows: Iterable[Keys], folder: Path) -> Iterator[Wanted]:
    directories: set[Path] = set()
    for keys in rows:
        accountId, symbols = keys.number("id"), keys.texts("symbols")
        if not symbols:
            raise keys.wrong("symbols", "names nothing to record")
        since = toMilliseconds(keys.moment("since")) if keys.has("since") else None
        directory = folder / keys.text("directory")
        if directory.resolve() in directories:
            raise keys.wrong("directory", "is that of another account; each needs its own")
        directories.add(directory.resolve())
        keys.finish()
        yield Wanted(accountId, symbols, directory, since)


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


def _tokens(keys: Keys, folder: Path, environment: Mapping[str, str]) -> _Tokens:
    if keys.has("file"):
        tokens: _Tokens = partial(FileTokens, folder / keys.text("file"))
        _tryOut(keys, "file", tokens)
    elif environment.get(ACCESS_TOKEN):
        tokens = _inMemory(TokenPair(environment[ACCESS_TOKEN]))
    else:
        raise keys.wrong("file", f"is missing, and {ACCESS_TOKEN} is not in the environment")
    keys.finish()
    return tokens


def _inMemory(pair: TokenPair) -> _Tokens:
    return lambda runBlocking: MemoryTokens(pair)


def _tryOut(keys: Keys, key: str, tokens: _Tokens) -> None:
    """
    Find out now what would be found out at the login.
    """
    problems: list[object] = []
    tokens(execute).load().addCallbacks(
        lambda pairs: None if pairs else problems.append("there is no token in it; ctrader login gets one"),
        lambda failure: problems.append(failure.value),
    )
    if problems:
        raise keys.wrong(key, f"cannot be used: {problems[0]}")


def _privateText(keys: Keys, key: str, folder: Path) -> str:
    path = folder / keys.text(key)
    try:
        with keys.about(key):
            text = readPrivate(path).decode().strip()
    except OSError as error:
        raise keys.wrong(key, f"names {path}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        # The text of the original error can hold a piece of the secret.
        raise keys.wrong(key, f"names {path}, which is no text") from None
    if not text:
        raise keys.wrong(key, f"names {path}, which is empty")
    return text


def _fromSimulator(keys: Keys, folder: Path) -> tuple[str, Application, _Tokens, Services]:
    _refuseOthers(keys, "simulator")
    path = folder / keys.text("simulator")
    with keys.about("simulator"):
        found = readSimulator(path)
    return found.endpoint, found.application, _inMemory(found.pair), found.services


def _fromProfile(keys: Keys, folder: Path) -> tuple[str, Application, _Tokens, Services]:
    _refuseOthers(keys, "profile")
    name, path = keys.text("profile"), folder / keys.text("profiles") if keys.has("profiles") else None
    with keys.about("profile"):
        profile = ProfileFile(path).read(name)
    _tryOut(keys, "profile", profile.tokenStoreWith)
    return profile.endpoint, profile.application, profile.tokenStoreWith, profile.services


def _refuseOthers(keys: Keys, key: str) -> None:
    for other in _OTHERS_GIVE:
        if keys.has(other):
            raise keys.wrong(other, f"cannot be there together with {key}, which says it, too")
