"""`python -m tests.chaos`: see docs/sync/chaos.md."""

import argparse
import secrets
import signal
import sys
import time

from server.failpoints import POINTS
from tests.chaos.chapter import Chapter, Plan
from tests.chaos.report import print_report

DEFAULT_MINUTES, DEFAULT_DEVICES = 5.0, 200
SQLITE_SHARE, SQLITE_DEVICES_SHARE = 0.35, 0.12


def main() -> int:
    """Run both chapters; 1 when anything was lost or a point was never come by."""
    asked = _arguments()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # and so takes all along

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {text}", flush=True)

    print(f"SEED={asked.seed} MINUTES={asked.minutes:g} DEVICES={asked.devices}", flush=True)
    seconds = asked.minutes * 60
    few = max(4, round(asked.devices * SQLITE_DEVICES_SHARE))
    plans = [
        Plan("postgresql", True, 2, asked.devices, seconds * (1 - SQLITE_SHARE)),
        Plan("sqlite", False, 2, few, seconds * SQLITE_SHARE),
    ]
    outcomes = []
    for plan in plans:
        if asked.only in (None, plan.name):
            say(f"--- {plan.name} ---")
            outcomes.append(Chapter(plan, seed=asked.seed, say=say).run())
    well = print_report(outcomes, points=POINTS, seconds=time.monotonic() - began)
    if not well:
        print(f"again: make chaos SEED={asked.seed} MINUTES={asked.minutes:g}")
    return 0 if well else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--seed", default="", help="what goes wrong, and when")
    parser.add_argument("--minutes", type=float, default=DEFAULT_MINUTES, help="of faults")
    parser.add_argument("--devices", type=int, default=DEFAULT_DEVICES)
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    asked = parser.parse_args()
    asked.seed = asked.seed or secrets.token_hex(4)
    return asked


if __name__ == "__main__":
    sys.exit(main())
