"""
Rules and disturbances as what TOML and JSON can hold, and back.

The attributes of a rule are keys of its table; what it does is one more key, the name of the action, with a table of
the action's own attributes. What has its default may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen
from google.protobuf.message import Message

from ctrader_twisted.simulator.faults.naming import known
from ctrader_twisted.simulator.faults.texts import readMessage, writeMessage

__all__ = ["Choice", "decode", "encode", "tomlTable"]

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@frozen
class Choice:
    """
    What the attribute that holds the action can be.

    @ivar attribute: its name.
    @ivar classes: the classes of actions.
    """

    attribute: str
    classes: tuple[type[Any], ...]

    def named(self) -> dict[str, type[Any]]:
        """
        The classes by their names in a table.
        """
        return {_name(each): each for each in self.classes}


def decode(table: object, made: type[Any], choice: Choice) -> Any:
    """
    Make a rule or a happening of a table.

    @param table: the table.
    @param made: its class.
    @param choice: its action.
    @raise ValueError: if the table makes no sense, with what is known.
    """
    if not isinstance(table, Mapping):
        raise ValueError("is to be a table")
    named = choice.named()
    own = {name: hint for name, hint in _hints(made).items() if name != choice.attribute}
    for key in table:
        known(key, (*own, *named), "key")
    chosen = [key for key in table if key in named]
    if len(chosen) != 1:
        said = f"says {' and '.join(chosen)}" if chosen else "says nothing"
        raise ValueError(f"{said} of what is to happen: give one of {', '.join(named)}")
    values = {key: _value(key, table[key], own[key]) for key in table if key in own}
    action = _action(chosen[0], table[chosen[0]], named[chosen[0]])
    return _build(made, {choice.attribute: action, **values})


def encode(thing: Any, choice: Choice) -> dict[str, Any]:
    """
    Make a table of a rule or a happening.

    @param thing: the rule or happening.
    @param choice: its action.
    """
    action = getattr(thing, choice.attribute)
    return {**_plainTable(thing, choice.attribute), _name(type(action)): _plainTable(action)}


def tomlTable(kind: str, table: Mapping[str, Any]) -> str:
    """
    Write a table as one of several of a kind.

    @param kind: the name of the kind.
    @param table: the table.
    @return: TOML.
    """
    lines = [f"{key} = {_toml(value)}\n" for key, value in table.items()]
    return f"[[{kind}]]\n{''.join(lines)}"


def _action(name: str, table: object, made: type[Any]) -> Any:
    if not isinstance(table, Mapping):
        raise ValueError(f"{name} is to be a table, such as {name} = {{}}")
    hints = _hints(made)
    if table and not hints:
        raise ValueError(f"{name} has no keys: write {name} = {{}}")
    try:
        for key in table:
            known(key, hints, "key")
        return _build(made, {key: _value(key, value, hints[key]) for key, value in table.items()})
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _build(made: type[Any], values: Mapping[str, Any]) -> Any:
    for each in attrs.fields(made):
        if each.default is attrs.NOTHING and each.name not in values:
            raise ValueError(f"{each.name} is missing")
    try:
        return made(**values)
    except ValueError as error:
        # The words of attrs come first, before what they are about.
        raise ValueError(str(error.args[0]) if error.args else str(error)) from error


def _value(key: str, value: object, hint: Any) -> Any:
    kinds = [each for each in (get_args(hint) if isinstance(hint, UnionType) else (hint,)) if each is not NoneType]
    kind = kinds[0]
    if isinstance(kind, type) and issubclass(kind, Message):
        return _message(key, value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        known(str(value), (each.value for each in kind), key)
        return kind(value)
    if get_origin(kind) is tuple:
        if isinstance(value, list) and all(type(each) is int for each in value):
            return tuple(value)
        raise ValueError(f"{key} is to be a list of whole numbers, and is {value!r}")
    if kind is float and type(value) is int:
        return float(value)
    if kind in _WORDS:
        if type(value) is not kind:
            raise ValueError(f"{key} is to be {_WORDS[kind]}, and is {value!r}")
    elif not isinstance(value, Mapping):
        raise ValueError(f"{key} is to be a table, and is {value!r}")
    return value


def _message(key: str, value: object) -> Message:
    try:
        return readMessage(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _hints(made: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(made)
    return {each.name: hints[each.name] for each in attrs.fields(made)}


def _plainTable(thing: Any, left: str = "") -> dict[str, Any]:
    table = {}
    for each in attrs.fields(type(thing)):
        value = getattr(thing, each.name)
        if each.name != left and value != each.default:
            table[each.name] = _plain(value)
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return writeMessage(value)
    if isinstance(value, Enum) and isinstance(value.value, str):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _name(made: type[Any]) -> str:
    return made.__name__[0].lower() + made.__name__[1:]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{"".join(map(_escaped, value))}"'
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_toml(each)}' for key, each in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value) if isinstance(value, float) else str(int(value))


def _key(key: str) -> str:
    return key if key.isascii() and key.isidentifier() else _toml(key)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
