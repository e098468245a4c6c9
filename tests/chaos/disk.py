"""A disk that gets full: a small file system of its own where one may be mounted, or else a limit
on the size of the servers' files."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

SIZE_BYTES = 512 * 1024 * 1024
LEFT_BYTES = 96 * 1024  # room for what is small, none for a photo or a grown database


class Disk:
    """The servers' data folder. `fill` it, and later `make_room`."""

    def __init__(self, folder: Path, processes: Callable[[], Iterable[int]]) -> None:
        self.folder, self._processes = folder, processes
        folder.mkdir()
        self.is_mounted = False
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "chaos", str(folder)]
        with suppress(FileNotFoundError):
            done = subprocess.run(command, capture_output=True, check=False)
            self.is_mounted = done.returncode == 0
        self._ballast = folder / "ballast"

    @property
    def kind(self) -> str:
        """How it gets full."""
        return "a full file system" if self.is_mounted else "a file size limit"

    def fill(self) -> None:
        """Leave next to no room."""
        if self.is_mounted:
            free = os.statvfs(self.folder)
            size_bytes = free.f_bavail * free.f_frsize - LEFT_BYTES
            with self._ballast.open("wb") as ballast, suppress(OSError):  # others write, too
                os.posix_fallocate(ballast.fileno(), 0, max(size_bytes, 1))
        else:
            sizes = [path.stat().st_size for path in self.folder.glob("*.sqlite*")]
            self._limit(max([LEFT_BYTES, *sizes]))

    def make_room(self) -> None:
        """As it was."""
        if self.is_mounted:
            self._ballast.unlink(missing_ok=True)
        else:
            self._limit(None)

    def remove(self) -> None:
        """Give the file system back."""
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)

    def _limit(self, size_bytes: int | None) -> None:
        for pid in self._processes():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                for process in [pid, *(p.pid for p in psutil.Process(pid).children(True))]:
                    hard = resource.prlimit(process, resource.RLIMIT_FSIZE)[1]
                    soft = hard if size_bytes is None else size_bytes
                    resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))
