"""What can be wrong with a draw: each fault with a stable code, its place and two sentences."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from draw.sentences import SENTENCES

#: of more faults than this no list helps anybody
MAX_FAULTS = 100
#: of a value that is shown in a fault
MAX_SHOWN_CHARACTERS = 120


class Fault(NamedTuple):
    """One thing that is wrong (错误): where it stands, what should stand there, what does."""

    code: str
    path: str
    expected: Any = None
    found: Any = None

    @property
    def chinese(self) -> str:
        """The sentence for people, in Chinese."""
        return SENTENCES[self.code][0]

    @property
    def english(self) -> str:
        """The same sentence in English."""
        return SENTENCES[self.code][1]


class Refused(ValueError):
    """A draw that the page does not allow: refused, not repaired. `faults` says why."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.code} at {fault.path}" for fault in self.faults))


def refuse(code: str, path: str, expected: Any = None, found: Any = None) -> Refused:
    """The refusal for one fault."""
    return Refused([Fault(code, path, expected, found)])


def refuse_any(faults: Iterable[Fault]) -> None:
    """Raise Refused if there are faults."""
    if found := list(faults):
        raise Refused(found)


def shown(value: Any) -> str:
    """A value as a fault shows it: on one line, and never longer than a line."""
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "…"
