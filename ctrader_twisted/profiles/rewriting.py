"""
Changing one table of a TOML file, and nothing else in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from ctrader_twisted.errors import ConfigurationError

__all__ = ["withTable"]


def withTable(text: str, name: str, values: Mapping[str, str | Mapping[str, str]]) -> str:
    """
    Add a table, or give it other values. All other text stays, comments included.

    @param text: a file in TOML.
    @param name: the name of the table.
    @param values: all that it is to hold.
    @return: the text of the new file.
    @raise ConfigurationError: if the table is written in a way that cannot be changed so.
    """
    import tomlkit

    document = tomlkit.parse(text)
    table = document.setdefault(name, tomlkit.table())
    # Where its parts are scattered over the file, it is no table of its own.
    if not isinstance(table, tomlkit.items.AbstractTable):
        raise ConfigurationError(f"{name} is not written as one table; change it by hand")
    following = _cutFollowing(table)
    for key in list(table):
        if key not in values:
            del table[key]
    for key, value in values.items():
        table[key] = value if isinstance(value, str) else _inline(value)
    table.value.body.extend(following)
    changed = tomlkit.dumps(document)
    assert tomllib.loads(changed) == {**tomllib.loads(text), name: values}
    return changed


def _cutFollowing(table: Any) -> list[Any]:
    """
    Take off the comments after the last key, which speak of what follows.
    """
    import tomlkit

    body = table.value.body
    following: list[Any] = []
    while body and body[-1][0] is None:
        following.insert(0, body.pop())
    if body and isinstance(body[-1][1], tomlkit.items.Table):
        return _cutFollowing(body[-1][1]) + following
    return following


def _inline(values: Mapping[str, str]) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    table.update(values)
    return table
