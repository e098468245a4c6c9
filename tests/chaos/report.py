"""What a run came to, printed."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from tests.chaos.chapter import Outcome

MOST_FAULTS_SHOWN = 40


def print_report(outcomes: Sequence[Outcome], *, points: Collection[str], seconds: float) -> bool:
    """Print it; whether all is well."""
    for outcome in outcomes:
        _print_outcome(outcome)
    visits = sum((outcome.visits for outcome in outcomes), Counter[str]())
    missed = sorted(set(points) - visits.keys())
    print(f"\nfail points: {len(points)} exist, {len(points) - len(missed)} were hit")
    for point in missed:
        print(f"  NEVER HIT: {point}")
    faults = [(outcome.name, fault) for outcome in outcomes for fault in outcome.faults]
    for name, fault in faults[:MOST_FAULTS_SHOWN]:
        print(f"  WRONG ({name}): {fault}")
    if len(faults) > MOST_FAULTS_SHOWN:
        print(f"  … and {len(faults) - MOST_FAULTS_SHOWN} more")
    well = not faults and not missed
    print(f"{'nothing was lost' if well else 'FAILED'} in {seconds:.0f} s")
    return well


def _print_outcome(outcome: Outcome) -> None:
    print(f"\n=== {outcome.name}: {outcome.seconds:.0f} s ===")
    _print_counts("faults at points", outcome.played.counts)
    _print_counts("network", outcome.network)
    _print_counts("started again", outcome.restarts)
    for name, counts in outcome.counts.items():
        _print_counts(name, counts)
    if outcome.played.untried:
        cards = Counter(card.action for card in outcome.played.untried)
        _print_counts("not tried, for want of time", cards)
    rare = outcome.visits.most_common()[-5:]
    print(f"  visits to points: {sum(outcome.visits.values())}, fewest {dict(rare)}")


def _print_counts(name: str, counts: Mapping[str, int]) -> None:
    print(f"  {name}: {sum(counts.values())}")
    for what, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"    {count:>7} {what}")
