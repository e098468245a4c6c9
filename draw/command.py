"""The command line: `python -m draw verify FILE`, and the same as `flask draw verify FILE`."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from draw import bundle as bundles
from draw.faults import Fault, Refused
from draw.processes import crew
from draw.report import as_json, as_text
from draw.verify import Report, verify
from draw.watch import Watch

HELD, REFUSED, UNREADABLE = 0, 1, 2
#: a pool of more than this is worth several processes
LARGE_BYTES = 8 << 20

GUIDE = """\
Replay a published draw (抽取档案) and say whether it holds.
重新计算一次公开的抽取，说明它是否成立。

FILE is the bundle, NAME.json. Where the pool is large it lies beside it, as NAME.pool.ndjson, and
is found by itself. Nothing else is needed: no database, no secret, no setting, no network.

Everything that was published is computed again: commitment, seed, which objects were drawn with
which key, the substitutes, each officer with the balls that counted and why others were passed
over, the result of each late event. What then remains for you:
  - compare the commitment with the one on paper, in your photo of the screen, or in the ledger;
  - look for the dice and your own share in the bundle (`entropy`);
  - the words of an event's reason are bound by the ledger alone.

Examples:
  {prog} verify 2026-12-150100-monthly-1.json
  {prog} verify 2026-12-150100-monthly-1.json --json | jq .faults

Exit code: 0 it holds, 1 it is refused, 2 it can't be read.
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """The guide as it is written; `Usage:` as all other commands begin."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, prefix or "Usage: ")


def main(arguments: Sequence[str], *, prog: str = "python -m draw") -> int:
    """Run one command; answers the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description="The draw (抽取).")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "verify", help="replay a published draw and say whether it holds",
        description=GUIDE.format(prog=prog), formatter_class=_Help,
    )  # fmt: skip
    command.add_argument("file", metavar="FILE", type=Path, help="the bundle, NAME.json")
    command.add_argument("--json", action="store_true", help="the report as JSON, for programs")
    args = parser.parse_args(arguments)
    try:
        report = verify_file(args.file)
    except OSError as error:
        fault = Fault("file_unreadable", str(error.filename or args.file), None, error.strerror)
        report, code = Report(faults=[fault]), UNREADABLE
    else:
        code = HELD if report.holds else REFUSED
    render = as_json if args.json else as_text
    sys.stdout.write(render(report, str(args.file)))
    return code


def verify_file(path: Path) -> Report:
    """Verify the bundle in a file, with the pool that lies beside it. Raises OSError."""
    with path.open("rb") as file:
        try:
            bundle = bundles.read(file)
        except Refused as refused:
            return Report(faults=list(refused.faults))
    with ExitStack() as stack:
        watch = stack.enter_context(Watch())
        pool = stack.enter_context(_beside(path))
        large = pool is not None and watch.size(pool) > LARGE_BYTES
        spread = stack.enter_context(crew()) if large else map
        return verify(bundle, pool and watch.reading(pool), spread=spread, stage=watch.stage)


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO | None]:
    pool = path.with_suffix(".pool.ndjson")
    if path.suffix == ".json" and pool.exists():
        with pool.open("rb") as file:
            yield file
    else:
        yield None
