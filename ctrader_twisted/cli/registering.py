"""
Which application a profile logs in as, and asking for it when it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count

from attrs import evolve, frozen

from ctrader_twisted.cli.sharing import readable
from ctrader_twisted.cli.using import ProfileChoice
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth.services import CTRADER, SERVICES
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.profiles.file import REDIRECT

__all__ = ["Asking", "Wish", "registered"]

_ENDPOINTS = {"demo": "ctrader:demo", "live": "ctrader:live"}
_SIMULATED = "sim"

_INTRODUCTION = """\
An application is needed. Log in with your cTID at https://openapi.ctrader.com, add an application, and give it this
redirect URI: {}
Its page shows its client id and its client secret. It can take three working days until it is active."""


@frozen
class Wish:
    """
    What the user has said on the command line of a profile's application; L{None} for what was not said.

    @ivar clientId: the application.
    @ivar endpoint: where it connects.
    @ivar redirectUri: where the browser comes back to.
    """

    clientId: str | None = None
    endpoint: str | None = None
    redirectUri: str | None = None


@frozen
class Asking:
    """
    How to ask the user for what was not said.

    @ivar tell: shows some lines.
    @ivar ask: asks for a word, given what is asked for and what to propose.
    @ivar askSecret: asks for one that is not shown, given what is asked for.
    """

    tell: Callable[[str], None]
    ask: Callable[[str, str | None], str]
    askSecret: Callable[[str], str]


def registered(file: ProfileFile, choice: ProfileChoice, wish: Wish, asking: Asking) -> Profile:
    """
    Read a profile. If there is none of that name, or if another application is wanted for it, write it.

    @param file: the file of profiles.
    @param choice: which profile.
    @param wish: what the user wants.
    @param asking: asks for what the user has not said.
    @return: the profile.
    @raise ConfigurationError: if it cannot be read or written, if something is missing that is not asked for, or if it
        connects to somewhere else than the user wants.
    """
    if wish.clientId is not None or choice.name not in file.names():
        file.write(choice.name, _values(file, choice.name, wish, asking))
        asking.tell(f"The profile {choice.name} is now in {file.path}")
    profile = choice.read(file)
    if wish.endpoint not in (None, profile.endpoint):
        raise ConfigurationError(
            f"the profile {choice.name} is there already, and connects to {profile.endpoint}; choose another name with "
            f"--profile, or change it in {file.path}"
        )
    return profile if wish.redirectUri is None else evolve(profile, redirectUri=wish.redirectUri)


def _values(file: ProfileFile, name: str, wish: Wish, asking: Asking) -> dict[str, str | Mapping[str, str]]:
    if name == _SIMULATED:
        raise ConfigurationError("the profile sim is made by the simulator: start it with ctrader sim")
    known = readable(file)
    known.pop(_SIMULATED, None)
    old = known.get(name)
    endpoint = wish.endpoint or (_ENDPOINTS.get(name) if old is None else old.endpoint)
    if endpoint is None:
        raise ConfigurationError(
            f"where does the profile {name} connect? Say --endpoint ctrader:demo, --endpoint ctrader:live or "
            "--endpoint ctrader:HOST:PORT"
        )
    redirectUri = wish.redirectUri or (REDIRECT if old is None else old.redirectUri)
    others = [each for each in known.values() if each is not old]
    if old is None:
        asking.tell(_INTRODUCTION.format(redirectUri))
    clientId = wish.clientId or asking.ask("Client id", others[0].application.clientId if others else None)
    # Who names the application of a profile once more wants to say another secret.
    same = next((each for each in others if each.application.clientId == clientId and old is None), None)
    return {
        "endpoint": endpoint,
        "clientId": clientId,
        "clientSecret": asking.askSecret("Client secret") if same is None else same.application.clientSecret.reveal(),
        "tokens": _tokens(file, name, clientId, others if old is None else [old, *others]),
        "redirectUri": redirectUri,
        **_services(old),
    }


def _tokens(file: ProfileFile, name: str, clientId: str, known: Iterable[Profile]) -> str:
    """
    Choose where the tokens are kept: with those of the same application, so that one pair serves demo and live, and
    not with those of another one.
    """
    folder = file.path.parent
    for each in known:
        if each.application.clientId == clientId and each.tokens is not None:
            return each.tokens.name if each.tokens.parent == folder else str(each.tokens)
        # A keyring belongs to one profile.
        if each.application.clientId == clientId and each.name == name:
            return "keyring"
    taken = {each.tokens for each in known}
    numbered = (f"tokens-{name}{number or ''}.json" for number in count())
    return next(each for each in numbered if folder / each not in taken)


def _services(old: Profile | None) -> dict[str, str | Mapping[str, str]]:
    if old is None or old.services == CTRADER:
        return {}
    preset = next((name for name, each in SERVICES.items() if each == old.services), None)
    addresses = {"authorizeUrl": old.services.authorizeUrl, "tokenUrl": old.services.tokenUrl}
    return {"services": preset or addresses}
