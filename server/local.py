"""One machine, one data folder: what the environment leaves open is made here, once, and kept.

`make run` and `python -m server` begin here. A deployment that states SECRET_KEY,
LEDGER_KEY, DATA_DIR and PUBLIC_URL itself is changed in nothing.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

KEY_FILE = "secret"
KEY_BYTES = 48
LEDGER_KEY_FILE = "ledger-key"
LEDGER_KEY_BYTES = 32


def local_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment with DATA_DIR (made, absolute), SECRET_KEY, LEDGER_KEY and PUBLIC_URL
    filled in.

    Raises OSError when the data folder cannot be made or its secret cannot be read.
    """
    complete = dict(environ)
    folder = Path(complete.get("DATA_DIR") or "data").resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    complete["DATA_DIR"] = str(folder)
    if not complete.get("SECRET_KEY"):
        complete["SECRET_KEY"] = kept_text(folder / KEY_FILE, secrets.token_urlsafe(KEY_BYTES))
    if not complete.get("LEDGER_KEY"):
        proposal = base64.b64encode(secrets.token_bytes(LEDGER_KEY_BYTES)).decode()
        complete["LEDGER_KEY"] = kept_text(folder / LEDGER_KEY_FILE, proposal)
    if not complete.get("PUBLIC_URL"):
        host, port = complete.get("HOST") or "127.0.0.1", complete.get("PORT") or "8000"
        complete["PUBLIC_URL"] = f"http://{host}:{port}"
    return complete


def kept_text(file: Path, proposal: str) -> str:
    """The text of a private file; the first caller's proposal becomes it, whoever else asks.

    The file appears whole (a hard link of a finished one) and with mode 0600.
    """
    if not file.exists():
        draft = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(proposal)
        with suppress(FileExistsError):  # another process was first: its text counts
            os.link(draft, file)
        draft.unlink()
    return file.read_text()
