"""Folders and renames that survive a power cut (落盘)."""

import errno
import os
import shutil
from pathlib import Path

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk, the quota or the largest file is full."""


def is_full(fault: OSError) -> bool:
    """Whether a write failed for want of room: nobody's fault, and it may pass."""
    return fault.errno in NO_ROOM


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a file's own fsync doesn't cover its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def ensure_folder(folder: Path) -> None:
    """Make `folder` and what lacks above it, each durable before it is used."""
    if folder.is_dir():
        return
    ensure_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def move_durably(source: Path, destination: Path, *, mode: int) -> None:
    """Move a file, whole or not at all: file -> fsync -> rename -> fsync of the folder.

    `mode` are the permissions of the moved file. Across file systems a copy is made beside the
    destination first. An existing destination is replaced.
    """
    ensure_folder(destination.parent)
    _sync_file(source, mode)
    try:
        source.rename(destination)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        _copy_then_rename(source, destination, mode)
    sync_folder(destination.parent)


def _copy_then_rename(source: Path, destination: Path, mode: int) -> None:
    beside = destination.with_name(f"{destination.name}.{os.getpid()}.part")
    shutil.copyfile(source, beside)
    _sync_file(beside, mode)
    beside.rename(destination)
    source.unlink()


def _sync_file(path: Path, mode: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
