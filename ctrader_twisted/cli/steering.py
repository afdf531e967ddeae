"""
Orders for a simulator that runs, over its control address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectError
from twisted.web.http import OK, UNAUTHORIZED

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.private import readPrivate

__all__ = ["order"]

_PATIENCE = 10.0
_UNREADABLE = "has no control.json that can be used"


async def order(reactor: Any, folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Have something done by the simulator that runs in a folder.

    @param reactor: dials and keeps time.
    @param folder: where it lives.
    @param given: the order, see L{ctrader_twisted.simulator.control.orders.obey}.
    @return: how the simulator is afterwards.
    @raise ConfigurationError: if no simulator runs there, or it does not do it, with its words.
    """
    import treq
    from treq.client import HTTPClient
    from twisted.web.client import Agent, ResponseFailed

    url, secret = _control(folder)
    http = HTTPClient(Agent(reactor, connectTimeout=_PATIENCE))  # type: ignore[no-untyped-call]
    try:
        headers: dict[bytes | str, bytes | str] = {"Authorization": f"Bearer {secret}"}
        response = await http.post(url, json=dict(given), headers=headers, timeout=_PATIENCE)
        answer = json.loads(await treq.content(response))
    except (ConnectError, ResponseFailed) as error:
        raise _absent(folder) from error
    except ValueError:
        raise _absent(folder) from None
    if response.code == UNAUTHORIZED:
        raise ConfigurationError(f"what listens at {url} is not the simulator of {folder}; start that again")
    if response.code != OK:
        raise ConfigurationError(str(answer.get("error", answer)))
    return dict(answer)


def _control(folder: Path) -> tuple[str, str]:
    path = folder / "control.json"
    try:
        control = json.loads(readPrivate(path))
        url, secret = str(control["url"]), str(control["secret"])
    except FileNotFoundError:
        raise _absent(folder) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError):
        # The text of the original error can hold a piece of the secret.
        raise ConfigurationError(f"{folder} {_UNREADABLE}; start the simulator again") from None
    if not url.startswith("http://"):
        raise ConfigurationError(f"{folder} {_UNREADABLE}; start the simulator again")
    return url, secret


def _absent(folder: Path) -> ConfigurationError:
    return ConfigurationError(
        f"no simulator runs in {folder}; start one with ctrader sim, or name its folder with --directory"
    )
