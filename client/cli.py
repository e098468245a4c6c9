"""The command line of the reference device: each command is one step of an inspector's day."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from getpass import getpass
from pathlib import Path

from client import cli_conflicts, show
from client.cli_words import Command, add_command, add_fields, fields_in, one_id
from client.device import Device
from client.errors import ClientError
from client.evidence import PhotoFacts

STORE = Path("device.sqlite3")

GUIDE = """\
A day in eleven commands (only login, logout, sync and what says so need the network):

  python -m client login --server http://127.0.0.1:8000 zhang.wei   sign in; asks for the password
  python -m client sync                                send what waits, fetch what is new
  python -m client tasks                               the tasks on this device
  python -m client show TASK                           one task: its checklist and what was written
  python -m client start TASK                          begin the check
  python -m client answer TASK ITEM fail --note "二层堆放杂物"
  python -m client finding TASK title="疏散通道被占用" severity=serious item_code=ITEM
  python -m client photo stairs.jpg finding FINDING    attach evidence; the bytes are copied
  python -m client submit TASK                         hand it in (the lead)
  python -m client sync
  python -m client pending                             what is still here, and why

TASK, FINDING and the like are ids, or the beginning of one. Fields are written NAME=TEXT,
NAME:=JSON for numbers and lists, NAME= to clear.
Exit code: 0 done, 1 done but a person should look, 2 not done.
"""


def main(argv: Sequence[str]) -> int:
    """Run one command; answers the exit code."""
    args = _parser().parse_args(argv)
    command: Command = args.run
    try:
        with Device(args.store, server=getattr(args, "server", None)) as device:
            return 0 if command(device, args) else 1
    except (ClientError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2


def login(device: Device, args: argparse.Namespace) -> bool:
    """Sign in; the password is asked for, or read from standard input."""
    password = getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    account = device.login(args.username, password)
    return show.say(f"{account.profile.get('name')} on device {account.device_id}")


def logout(device: Device, args: argparse.Namespace) -> bool:
    """End the session; what waits stays for the next one."""
    device.logout()
    return show.say("signed out")


def sync(device: Device, args: argparse.Namespace) -> bool:
    """Push the outbox, pull the feed, upload photos; exit code 1 if a person should look."""
    if args.watch:
        with suppress(KeyboardInterrupt):
            for each in device.watch():
                show.report(each)
        return True
    return show.report(device.sync(from_start=args.from_start))


def doctor(device: Device, args: argparse.Namespace) -> bool:
    """Sync, then compare all that is here with the server and mend what differs; what waits stays.

    The comparison takes a few small requests, whatever is held; a sync does it once a day."""
    done = device.sync(check=True)
    return show.report(done) and show.say(f"compared with the server: {done.healed} mended")


def tasks(device: Device, args: argparse.Namespace) -> bool:
    """List the tasks on this device."""
    return show.tasks(device.tasks())


def show_task(device: Device, args: argparse.Namespace) -> bool:
    """Show one task with its checklist, answers, findings, photos, and what is still missing."""
    task_id = one_id(device, "task", args.task)
    show.missing_photos(device.missing_photos(task_id))
    return show.task(device.task(task_id), device.missing(task_id))


def start(device: Device, args: argparse.Namespace) -> bool:
    """Begin the check: the task goes to in_progress."""
    device.start_task(one_id(device, "task", args.task))
    return show.say("started")


def answer(device: Device, args: argparse.Namespace) -> bool:
    """Answer a checklist item, for example `pass`, `fail` or `not_applicable`."""
    task_id = one_id(device, "task", args.task)
    device.answer(task_id, args.item, args.value, args.note)
    return show.say(f"{task_id}.{args.item}")


def finding(device: Device, args: argparse.Namespace) -> bool:
    """Write down a problem; prints its id."""
    task_id = one_id(device, "task", args.task)
    return show.say(device.add_finding(task_id, **fields_in(args.fields)))


def edit(device: Device, args: argparse.Namespace) -> bool:
    """Change fields of a finding, an answer or the record; only what differs is sent."""
    type_ = args.type
    if type_ == "record":
        device.fill_record(one_id(device, "task", args.id), **fields_in(args.fields))
    else:
        device.edit(type_, one_id(device, type_, args.id), **fields_in(args.fields))
    return show.say("written")


def photo(device: Device, args: argparse.Namespace) -> bool:
    """Attach a photo to a finding, an answer or the record (by its task); prints its id."""
    type_ = args.type
    id_ = one_id(device, "task" if type_ == "record" else type_, args.id)
    facts = PhotoFacts(kind=args.kind, taken_at=device.clock())
    return show.say(device.attach_photo(args.path, of=(type_, id_), facts=facts))


def photos(device: Device, args: argparse.Namespace) -> bool:
    """Show which photos of a task have not reached the server, and where they are; exit code 1 if
    any."""
    return show.missing_photos(device.missing_photos(one_id(device, "task", args.task)))


def lost(device: Device, args: argparse.Namespace) -> bool:
    """Ask to declare a photo lost, and why (its phone was destroyed …); the office decides."""
    asked = device.call_lost(one_id(device, "photo", args.photo), args.reason)
    return show.say("asked with the next sync" if asked else "was asked before with this reason")


def submit(device: Device, args: argparse.Namespace) -> bool:
    """Hand the task in, after showing what the checklist still asks for."""
    task_id = one_id(device, "task", args.task)
    complete = show.missing(device.missing(task_id))
    device.submit(task_id)
    return show.say("submitted with the next sync") and complete


def pending(device: Device, args: argparse.Namespace) -> bool:
    """Show what is still on this device: waiting, deferred, refused, photos."""
    return show.pending(device.pending())


def mend(device: Device, args: argparse.Namespace) -> bool:
    """Send a refused op anew, with corrected fields; with none, just again."""
    return show.say(device.mend(args.op_id, **fields_in(args.fields)).op_id)


def dismiss(device: Device, args: argparse.Namespace) -> bool:
    """Drop a refused op for good."""
    device.dismiss(args.op_id)
    return show.say("dismissed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m client",
        description=__doc__,
        epilog=GUIDE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--store", type=Path, default=STORE, help="the device's file (default: %(default)s)"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_command(commands, "login", login, "username").add_argument(
        "--server", help="http://host:port"
    )
    add_command(commands, "logout", logout)
    how = add_command(commands, "sync", sync)
    how.add_argument(
        "--from-start", action="store_true", help="fetch everything anew; the outbox is kept"
    )
    how.add_argument(
        "--watch", action="store_true", help="go on whenever the server has more (Ctrl-C ends it)"
    )
    add_command(commands, "doctor", doctor)
    add_command(commands, "tasks", tasks)
    add_command(commands, "show", show_task, "task")
    add_command(commands, "start", start, "task")
    add_command(commands, "answer", answer, "task", "item", "value").add_argument("--note")
    add_fields(add_command(commands, "finding", finding, "task"))
    add_fields(add_command(commands, "edit", edit, ("finding", "answer", "record"), "id"))
    add_command(
        commands, "photo", photo, "path", ("finding", "answer", "record"), "id"
    ).add_argument(
        "--kind", default="evidence", choices=("evidence", "overview", "signature", "document")
    )
    add_command(commands, "photos", photos, "task")
    add_command(commands, "lost", lost, "photo", "reason")
    add_command(commands, "submit", submit, "task")
    add_command(commands, "pending", pending)
    add_fields(add_command(commands, "mend", mend, "op_id"))
    add_command(commands, "dismiss", dismiss, "op_id")
    cli_conflicts.add_to(commands)
    return parser
