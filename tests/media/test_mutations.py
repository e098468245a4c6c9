"""Whatever comes: facts or a `MediaError`, in bounded memory and time. Never another end."""

import ast
import subprocess
import sys

from tests.media.mutations import mutant, samples

COUNT = 2000


def test_two_thousand_mutants_are_taken_or_refused_and_nothing_else() -> None:
    """In a process of its own, whose memory and processor time the kernel limits."""
    command = [sys.executable, "-m", "tests.media.mutations", "--seed", "20261123"]
    done = subprocess.run(
        [*command, "--count", str(COUNT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = ast.literal_eval(done.stdout)
    assert seen["taken"] + seen["refused"] == COUNT
    assert min(seen.values()) > COUNT // 20  # neither all nor nothing gets through


def test_a_mutant_is_the_same_each_time_and_differs_from_the_next() -> None:
    of = samples()
    first = [mutant(1, number, of) for number in range(50)]
    assert first == [mutant(1, number, of) for number in range(50)]
    assert len(set(first)) == 50
