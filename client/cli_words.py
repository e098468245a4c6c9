"""Words of the command line: commands with their arguments, fields, and ids cut short."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

from client.device import Device
from client.errors import ClientError

Command = Callable[[Device, argparse.Namespace], bool]


def add_command(
    commands: Any, name: str, run: Command, *words: str | tuple[str, ...]
) -> argparse.ArgumentParser:
    """A command with its positional words; a tuple is the choice of a type."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=run.__doc__, description=run.__doc__
    )
    for word in words:
        if isinstance(word, str):
            parser.add_argument(word)
        else:
            parser.add_argument("type", choices=word)
    parser.set_defaults(run=run)
    return parser


def add_fields(parser: argparse.ArgumentParser) -> None:
    """The fields that a command takes."""
    parser.add_argument("fields", nargs="*", metavar="NAME=VALUE")


def fields_in(words: Sequence[str]) -> dict[str, Any]:
    """`location=二层 term_until= quantity:=2 tags:='["电气"]'`: text, clearing, JSON."""
    return dict(_field(word) for word in words)


def _field(word: str) -> tuple[str, Any]:
    name, sign, value = word.partition("=")
    if not sign:
        raise ClientError(f"write a field as NAME=VALUE, not {word!r}")
    if not name.endswith(":"):
        return name, value or None
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise ClientError(f"what follows := must be JSON, not {value!r}") from error


def one_id(device: Device, type_: str, beginning: str) -> str:
    """The one id that begins so. An answer not begun yet is taken as it is written."""
    found = [each.id for each in device.all(type_) if each.id.startswith(beginning)]
    if beginning in found or (type_ == "answer" and not found):
        return beginning
    if len(found) != 1:
        raise ClientError(f"{len(found)} of type {type_} begin with {beginning!r}")
    return found[0]
