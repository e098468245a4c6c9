"""Play a day in the field on a real server, and check every claim from outside."""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

import requests

from bench.fieldday import complaint, decision, homecoming, offline, opening, publication
from bench.fieldday.day import Day
from bench.fieldday.desk import Unexpected
from bench.fieldday.house import CommandFailed, House
from bench.fieldday.story import Story, tell
from client import ClientError
from tests.server_process import NotServing

DEMO_REGISTER = Path(__file__).with_name("register.csv")
ACTS = (
    opening.open_the_house,
    complaint.take_a_complaint,
    complaint.set_out,
    offline.work_apart,
    homecoming.cut_the_upload,
    homecoming.lose_an_answer,
    homecoming.replace_the_assistant,
    decision.submit_with_gaps,
    decision.settle_and_approve,
    publication.publish,
)
#: what may end a story early: each is told and makes the exit code 1
BREAKS = (
    Unexpected, CommandFailed, NotServing, ClientError, requests.RequestException, LookupError,
)  # fmt: skip

GUIDE = """\
A fresh server is started on a data folder of its own; devices (client/) work through lines that
fail. Each line with a ✓ was checked through commands, the HTTP API or files, never in the database.

examples:
  make fieldday                                 the invented register beside this program
  make fieldday REGISTER=enterprises.csv.xz     a real register: CSV, CSV.xz or XLSX
  make fieldday DATABASE_URL=postgresql://…     an empty PostgreSQL database instead of SQLite
  .venv/bin/python -m bench.fieldday --keep     the server stays, for a look at the public page

Exit code: 0 when every claim held, 1 when one did not.
"""


def main() -> int:
    """Play; gives the exit code."""
    asked = _arguments()
    story = Story()
    with ExitStack() as stack:
        day = _begin(stack, story, asked)
        try:
            for act in ACTS:
                act(day)
        except BREAKS as error:
            story.broke(error)
        _end(day)
        if asked.keep:
            _keep(day)
    return 0 if story.ended_well else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fieldday", description=__doc__, epilog=GUIDE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    register = os.environ.get("REGISTER") or DEMO_REGISTER
    parser.add_argument(
        "--register", type=Path, default=register, metavar="FILE",
        help="CSV, CSV.xz or XLSX (environment: REGISTER; now %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=os.environ.get("PORT") or None,
        help="where the server listens (environment: PORT; else a free one)",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="leave the server running at the end")
    asked = parser.parse_args()
    if not asked.register.is_file():
        parser.error(f"there is no register at {asked.register}")
    return asked


def _begin(stack: ExitStack, story: Story, asked: argparse.Namespace) -> Day:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="suijian-fieldday-")))
    house = House(folder, port=asked.port)
    stack.callback(house.server.stop)
    day = Day(story, house, folder, asked.register.resolve())
    stack.callback(day.close)
    tell(f"A day in the field (外勤一日), with {day.register}")
    return day


def _end(day: Day) -> None:
    story = day.story
    tell(f"\nThe end: {story.checked} claims were checked, {len(story.failures)} did not hold.")
    for failure in story.failures:
        tell(f"  ✗ {failure}")
    if story.failures:
        tell(f"The server's log ends with:\n{day.house.end_of_log()}")
    for name, count in day.counts.items():
        tell(f"  {name:<38} {count}")
    if "notice_id" in vars(day):
        tell(f"  {'public address':<38} {day.public_address()}")


def _keep(day: Day) -> None:
    """Leave the server to whoever wants to look, until Ctrl-C."""
    tell("\nThe server goes on; Ctrl-C stops it and removes its data folder.")
    tell(f"  administrator                          guanli {day.house.password_of('guanli')}")
    with suppress(KeyboardInterrupt):
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
