"""Where anchors lie (锚定文件): small files outside the database, one a day, never written again.

`YYYY-MM-DD.json` is the anchor, `YYYY-MM-DD.heads.ndjson` the heads that it covers, one a line.
What stands in them says docs/evidence/custody.md; here they are only bytes that are on the disk
when a method returns.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from media.folders import ensure_folder, move_durably

READ_ONLY = 0o440


class AnchorFolder:
    """The anchors of one deployment in a folder, made when the first is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def days(self) -> list[date]:
        """The days that have an anchor, in order."""
        found = []
        for path in self.folder.glob("*.json"):
            with suppress(ValueError):
                day = date.fromisoformat(path.stem)
                if path == self.path(day):  # and no other way to write that day
                    found.append(day)
        return sorted(found)

    def read(self, day: date) -> bytes | None:
        """The anchor of a day; None if there is none."""
        try:
            return self.path(day).read_bytes()
        except FileNotFoundError:
            return None

    def heads(self, day: date) -> Iterator[bytes]:
        """The lines of a day's heads, without their ends. Raises FileNotFoundError."""
        with self.heads_path(day).open("rb") as lines:
            for line in lines:
                yield line.removesuffix(b"\n")

    def keep_heads(self, day: date, lines: Iterable[bytes]) -> str:
        """Write the heads that a day's anchor is about to name; gives the file's sha256. What a
        kill left there is replaced: no anchor names it."""
        ensure_folder(self.folder)
        draft, hasher = self._draft(day), hashlib.sha256()
        try:
            with draft.open("xb") as file:
                for line in lines:
                    hasher.update(line + b"\n")
                    file.write(line + b"\n")
            move_durably(draft, self.heads_path(day), mode=READ_ONLY)
        finally:
            draft.unlink(missing_ok=True)
        return hasher.hexdigest()

    def keep(self, day: date, content: bytes) -> None:
        """Write a day's anchor. Raises FileExistsError: one that is there is never replaced."""
        if self.path(day).exists():
            raise FileExistsError(self.path(day))
        ensure_folder(self.folder)
        draft = self._draft(day)
        try:
            draft.write_bytes(content)
            move_durably(draft, self.path(day), mode=READ_ONLY)
        finally:
            draft.unlink(missing_ok=True)

    def path(self, day: date) -> Path:
        """Where a day's anchor lies."""
        return self.folder / f"{day.isoformat()}.json"

    def heads_path(self, day: date) -> Path:
        """Where a day's heads lie."""
        return self.folder / f"{day.isoformat()}.heads.ndjson"

    def _draft(self, day: date) -> Path:
        return self.folder / f".{day.isoformat()}-{os.getpid()}-{os.urandom(4).hex()}"
