"""Commands about conflicts (冲突): what differs, and settling it, with and without network."""

from __future__ import annotations

import argparse
import json
from typing import Any

from client import show
from client.cli_words import add_command, one_id
from client.device import Device
from client.errors import ClientError


def add_to(commands: Any) -> None:
    """Add them to the command line."""
    add_command(commands, "conflicts", conflicts)
    add_command(commands, "conflict", conflict, "conflict").add_argument(
        "--full", action="store_true", help="with who saw what, and its history (network)"
    )
    _add_choice(add_command(commands, "settle", settle, "conflict"))
    _add_choice(add_command(commands, "resolve", resolve, "conflict"))


def conflicts(device: Device, args: argparse.Namespace) -> bool:
    """List open conflicts with their candidates."""
    return show.conflicts(device.conflicts())


def conflict(device: Device, args: argparse.Namespace) -> bool:
    """Show one conflict, open or settled."""
    conflict_id = one_id(device, "conflict", args.conflict)
    if args.full:
        return show.conflict_in_full(device.conflict_in_full(conflict_id))
    return show.conflict(device.get("conflict", conflict_id))


def settle(device: Device, args: argparse.Namespace) -> bool:
    """Settle a conflict by a candidate's key or another value; sent with the next sync."""
    device.settle(one_id(device, "conflict", args.conflict), **_choice(args))
    return show.say("settled with the next sync")


def resolve(device: Device, args: argparse.Namespace) -> bool:
    """Settle a conflict now (network); refused if it has moved since the last sync."""
    device.resolve(one_id(device, "conflict", args.conflict), **_choice(args))
    return show.say("resolved; sync to see it")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("candidate", nargs="?", help="the key of the candidate that holds")
    parser.add_argument("--value", help="another value")
    parser.add_argument("--json", help="another value as JSON: a number, or null to clear")
    parser.add_argument("--note", help="the reason; it stays")


def _choice(args: argparse.Namespace) -> dict[str, Any]:
    """One way to settle, and the reason."""
    ways = {"candidate": args.candidate, "value": args.value, "json": args.json}
    given = {name: said for name, said in ways.items() if said is not None}
    if len(given) != 1:
        raise ClientError("give a candidate, --value or --json: one of them")
    if args.json is None:
        return given | {"note": args.note}
    try:
        return {"value": json.loads(args.json), "note": args.note}
    except ValueError as error:
        raise ClientError(f"what follows --json must be JSON, not {args.json!r}") from error
