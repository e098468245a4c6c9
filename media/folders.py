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


def move_durably(source: Path, destination: Path, *, mode: int, within: Path | None = None) -> None:
    """Move a file, whole or not at all: file -> fsync -> rename -> fsync of the folder.

    `mode` are the permissions of the moved file. `within` is a folder that is durable already, and
    below which the destination's may be new: whoever made them, each is flushed afterwards, all
    with the first of the flushes where the file system has one journal. Across file systems a copy
    is made beside the destination first. An existing destination is replaced.
    """
    within = within or destination.parent
    destination.parent.mkdir(parents=True, exist_ok=True)
    _sync_file(source)  # its bytes, before it has its name
    source.chmod(mode)
    try:
        source.rename(destination)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        _copy_then_rename(source, destination, mode)
    _sync_file(destination)  # its permissions
    sync_up_to(within, destination.parent)


def sync_up_to(top: Path, folder: Path) -> None:
    """Make the names in `folder` durable and its own, as far up as in `top`, whoever made them."""
    sync_folder(folder)
    while folder not in (top, folder.parent):
        folder = folder.parent
        sync_folder(folder)


def _copy_then_rename(source: Path, destination: Path, mode: int) -> None:
    beside = destination.with_name(f".{destination.name}-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        shutil.copyfile(source, beside)
        _sync_file(beside)
        beside.chmod(mode)
        beside.rename(destination)
    finally:  # no half of it stays on a disk that is full already
        beside.unlink(missing_ok=True)
    source.unlink()


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
