"""Decoders that some picture is too much for; light to import, as each new process does."""

import os
import signal

from media.darkroom import develop

DEADLY = b"deadly"
"""Behind a photo, where every decoder lets it be."""


def die_of_one(original: bytes) -> dict[str, bytes]:
    """One picture kills its process."""
    if original.endswith(DEADLY):
        os.kill(os.getpid(), signal.SIGKILL)
    return develop(original)


def ask_for_too_much(original: bytes) -> dict[str, bytes]:
    """One picture makes it ask for more memory than it may have."""
    return {"screen": bytes(4 * 1024**3)} if original.endswith(DEADLY) else develop(original)


def tell_pid(_: bytes) -> dict[str, bytes]:
    """Which process it is."""
    return {"pid": str(os.getpid()).encode()}
