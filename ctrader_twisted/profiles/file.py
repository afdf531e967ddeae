"""
The file of a user's profiles.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ctrader_twisted.credentials import Application
from ctrader_twisted.durable import exclusively, removeScratch, replaceDurably
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth.services import CTRADER, SERVICES, Services
from ctrader_twisted.private import readPrivate
from ctrader_twisted.profiles.keys import Keys
from ctrader_twisted.profiles.profile import Profile, haltFileIn
from ctrader_twisted.profiles.rewriting import withTable
from ctrader_twisted.profiles.simulated import readSimulator, servicesIn

__all__ = ["REDIRECT", "ProfileFile", "defaultPath"]

REDIRECT = "http://127.0.0.1:8765/callback"
"""
Where the browser comes back to, unless a profile says otherwise.
"""

_VARIABLE = "CTRADER_PROFILES"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_KEYRING = "keyring"
_SIMULATOR_GIVES = ("endpoint", "clientId", "clientSecret", "services")


def defaultPath(environment: Mapping[str, str] = os.environ) -> Path:
    """
    Find the file of the user's profiles: where the variable C{CTRADER_PROFILES} says, or where this system keeps the
    configurations of a user.

    @param environment: the variables of the environment.
    @return: the file, which need not exist.
    @raise ConfigurationError: if the user has no place for configurations.
    """
    if environment.get(_VARIABLE):
        return Path(environment[_VARIABLE]).absolute()
    return _configurations(environment) / "ctrader" / "profiles.toml"


def _configurations(environment: Mapping[str, str]) -> Path:
    variable, usual = {
        "win32": ("APPDATA", "AppData/Roaming"),
        "darwin": ("", "Library/Application Support"),
    }.get(sys.platform, ("XDG_CONFIG_HOME", ".config"))
    said = environment.get(variable, "")
    if os.path.isabs(said):
        return Path(said)
    try:
        return Path.home() / usual
    except RuntimeError as error:
        words = f"this user has no home directory; say in {_VARIABLE} which file holds the profiles"
        raise ConfigurationError(words) from error


class ProfileFile:
    """
    A TOML file with a table for each profile, which only its owner may read.

    @ivar path: the file.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """
        @param path: the file, which need not exist; by default the user's, see L{defaultPath}.
        @raise ConfigurationError: if the user has no place for it.
        """
        self.path = defaultPath() if path is None else Path(path).absolute()

    def names(self) -> tuple[str, ...]:
        """
        Name the profiles.

        @return: their names; none if there is no file.
        @raise ConfigurationError: if the file cannot be read.
        """
        return tuple(self._tables(self._text()))

    def read(self, name: str) -> Profile:
        """
        Read a profile.

        @param name: its name.
        @return: the profile.
        @raise ConfigurationError: if it is not there or cannot be used; the message names the file and the key.
        """
        tables = self._tables(self._text())
        if name not in tables:
            there = f"only {', '.join(tables)}" if tables else "and none at all yet"
            raise ConfigurationError(
                f"{self.path} has no profile {name}, {there}; make it with: ctrader login --profile {name}, "
                "or start a simulator with its own: ctrader sim"
            )
        keys = Keys(str(self.path), tables[name], f"{name}.")
        profile = self._profile(name, keys)
        keys.finish()
        return profile

    def haltFile(self, name: str) -> Path | None:
        """
        Find the file that halts the accounts of a profile, even if that cannot be used otherwise.

        @param name: its name.
        @return: the file; L{None} if there is certainly no such profile.
        """
        with suppress(ConfigurationError):
            if name not in self.names():
                return None
        return haltFileIn(self.path.parent, name)

    def write(self, name: str, values: Mapping[str, str | Mapping[str, str]]) -> None:
        """
        Add a profile, or replace it. All others stay as they are, comments included.

        @param name: its name.
        @param values: its keys.
        @raise ConfigurationError: if the name is none, or the file cannot be read or written.
        """
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is no name for a profile: letters, digits, - and _ are allowed")
        # Users keep such files elsewhere, with a link in the usual place.
        path = Path(os.path.realpath(self.path))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with exclusively(path.with_name(f"{path.name}.lock")):
                removeScratch(path)
                replaceDurably(path, self._changed(name, values).encode(), isSecret=True)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from error

    def _text(self) -> str:
        try:
            # Some editors begin a file with a mark.
            return readPrivate(self.path).decode("utf-8-sig")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            # The text of the original error can hold a piece of a secret.
            raise ConfigurationError(f"{self.path} is no text") from None

    def _tables(self, text: str) -> dict[str, dict[str, Any]]:
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            # So can this one's; only its end is kept, which says where it is.
            place = re.search(r" \(at [^()]*\)$", str(error))
            raise ConfigurationError(f"{self.path} is no TOML{place[0] if place else ''}") from None
        except RecursionError:
            raise ConfigurationError(f"{self.path} is nested too deeply") from None
        for name, values in tables.items():
            if not isinstance(values, dict):
                raise ConfigurationError(f"{self.path}: {name} belongs to no profile; one begins with its [NAME]")
            if not _NAME.fullmatch(name):
                raise ConfigurationError(f"{self.path}: {name!r} is no name: letters, digits, - and _ are allowed")
        return tables

    def _profile(self, name: str, keys: Keys) -> Profile:
        folder = self.path.parent
        if keys.has("simulator"):
            for key in _SIMULATOR_GIVES:
                if keys.has(key):
                    raise keys.wrong(key, "cannot be there together with simulator, which says it, too")
            path = folder / keys.text("simulator") / "simulator.json"
            with keys.about("simulator"):
                found = readSimulator(path)
            endpoint, application, services = found.endpoint, found.application, found.services
        else:
            endpoint = keys.endpoint("endpoint")
            application = Application(keys.text("clientId"), keys.text("clientSecret"))
            services = _services(keys)
        tokens = keys.text("tokens")
        return Profile(
            name,
            endpoint,
            application,
            None if tokens == _KEYRING else folder / tokens,
            services,
            keys.text("redirectUri") if keys.has("redirectUri") else REDIRECT,
            folder,
        )

    def _changed(self, name: str, values: Mapping[str, str | Mapping[str, str]]) -> str:
        text = self._text()
        self._tables(text)
        try:
            return withTable(text, name, values)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.path}: {error}") from error


def _services(keys: Keys) -> Services:
    if not keys.has("services"):
        return CTRADER
    if keys.holdsTable("services"):
        return servicesIn(keys, "services")
    name = keys.text("services")
    if name not in SERVICES:
        raise keys.wrong("services", f"must be one of {', '.join(SERVICES)}, or a table")
    return SERVICES[name]
