"""The story as it is told: numbered acts, plain sentences, and claims that were checked."""

import textwrap
from collections.abc import Callable
from typing import Any

WIDTH = 96
SHOWN_SIGNS = 600

Tell = Callable[[str], object]


def tell(line: str = "") -> None:
    """One line for whoever watches; at once, because commands write between our lines."""
    print(line, flush=True)


class Story:
    """Tells, checks, and remembers what did not hold."""

    def __init__(self, say: Tell = tell) -> None:
        self._say = say
        self.acts = 0
        self.checked = 0
        self.failures: list[str] = []

    def act(self, title: str) -> None:
        """Begin the next act."""
        self.acts += 1
        self._say(f"\nAct {self.acts}. {title}")

    def tell(self, text: str) -> None:
        """Say what happens."""
        self._say(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "))

    def claim(self, text: str, holds: object, seen: Any = None) -> None:
        """Check one thing: `text` says what is expected, `seen` what there was instead."""
        self.checked += 1
        if holds:
            self._say(f"  ✓ {text}")
            return
        self.failures.append(text)
        self._say(f"  ✗ expected: {text}")
        self._say(f"    seen:     {_short(seen)}")

    def broke(self, error: Exception) -> None:
        """Something went wrong that leaves no way to go on."""
        self.claim("the story can go on", False, f"{type(error).__name__}: {error}")

    @property
    def ended_well(self) -> bool:
        """Whether everything that was claimed held."""
        return self.checked > 0 and not self.failures


def _short(seen: Any) -> str:
    text = str(seen)
    return text if len(text) <= SHOWN_SIGNS else f"{text[:SHOWN_SIGNS]}…"
