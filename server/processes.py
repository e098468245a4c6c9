"""Several processes that live and end together; standard library only."""

import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_together(
    commands: Mapping[str, Sequence[str]],
    *,
    environ: Mapping[str, str],
    folder: Path,
    patience_seconds: float = 20,
) -> str | None:
    """Run the named commands until a stop signal comes or one of them ends; then end them all.

    Gives None after a stop signal, else the name of the command that ended by itself. Who has not
    ended `patience_seconds` after being told to is killed. Must be called in the main thread, which
    alone may handle signals.
    """
    endings: SimpleQueue[str | None] = SimpleQueue()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda _number, _frame: endings.put(None))
    children = {
        # a group each: a terminal's Ctrl-C reaches us alone, and we tell them in our own time
        name: subprocess.Popen(
            command, env=dict(environ), cwd=folder, stdin=subprocess.DEVNULL, process_group=0
        )
        for name, command in commands.items()
    }
    for name, child in children.items():
        threading.Thread(target=_tell_ending, args=(name, child, endings), daemon=True).start()
    first = endings.get()
    _stop(list(children.values()), patience_seconds)
    return first


def _tell_ending(
    name: str, child: subprocess.Popen[bytes], endings: SimpleQueue[str | None]
) -> None:
    child.wait()
    endings.put(name)


def _stop(children: Sequence[subprocess.Popen[bytes]], patience_seconds: float) -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
