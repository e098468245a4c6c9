"""Fail points (故障点): named places where a test has the process die, fail or wait.

The server only says that it has come to a point. What then happens is decided by whoever armed
the points, and nothing in the server does: no setting, no request and no command can. Only a
program of its own, as `tests/chaos/entry.py` is, which starts the app after `arm` (docs/adr/0009).
"""

from collections.abc import Callable

Act = Callable[[str], None]

#: every point there is, with what is true when it is reached; each is named once in the code
POINTS: dict[str, str] = {
    # every write transaction
    "write.ready": "all is written, nothing is committed",
    "write.committed": "the commit is durable, nobody knows of it yet",
    # push
    "push.checked": "the ops are read and checked, no transaction is open",
    "push.device_held": "the device's row is locked, its ops are numbered",
    "push.tasks_locked": "the tasks are locked, all that the ops are about is read",
    "push.merged": "the ops are merged in memory, nothing of them is written",
    "push.documents_written": "documents, history and audit are written, nobody is told",
    "push.receipts_written": "everything is written, receipts too",
    "push.committed": "the push is committed, its answer is not sent",
    "feed.raised": "the feeds' counters are raised and locked, no entry is written",
    "feed.written": "the feeds' entries are written, and with them the receipts of a push",
    # pull
    "pull.read": "a page is read, its answer is not sent",
    "receipts.read": "receipts are read, the answer is not sent",
    # login and refresh
    "login.checked": "the password is checked, the session is not opened",
    "login.opened": "the session is written, not committed",
    "login.committed": "the session is committed, the tokens are not sent",
    "refresh.followed": "the new token is written, not committed",
    "refresh.committed": "the token is spent, its successor is not sent",
    # uploads
    "upload.file_made": "the empty file lies there, no row names it",
    "upload.begun": "the upload's row is committed, its address is not sent",
    "upload.written": "a block is written, not flushed to the disk",
    "upload.length_set": "a length that was told late is committed, its piece is not written",
    "upload.part_copied": "a part is copied behind those before it, not flushed",
    "upload.joined": "all parts are copied and flushed, and still lie where they arrived",
    "upload.parts_removed": "the parts' files are gone, the joined file is not judged",
    "upload.flushed": "the piece is on the disk, the answer is not sent",
    "upload.judged": "the whole file is digested and examined, and lies where it arrived",
    "upload.stored": "the file is an original, its row still says open",
    "upload.noted": "the row says what arrived; bytes that are no photo still lie in the way",
    # the office
    "assign.ended": "assignments are ended and begun, no feed is told",
    "conflict.settled": "a supervisor's choice is merged, not written",
    "review.approved": "the task is moved on, nobody is told",
    "review.sent_back": "the task is moved back, nobody is told",
    "publish.written": "the publication is written, the task is not closed",
    # deleting what is past its term
    "retention.marked": "files are called deleting, all of their bytes still lie there",
    "retention.original_gone": "an original is removed, its smaller pictures still lie there",
    "retention.bytes_gone": "all bytes of a file are removed, its rows still say deleting",
    # jobs
    "job.alone": "a job has its turn and has done nothing",
    "job.worked": "a job has done its work and has not said so",
    "derivatives.made": "small pictures lie in their store, no row says so",
    "sweep.found": "the sweep has an unfinished upload in hand",
    "seal.chained": "audit entries are chained, the seals are not committed",
    "custody.chained": "events of photos are chained, the seals are not committed",
}

_acts: list[Act] = []


def reach(point: str) -> None:
    """Say that a point is reached. Outside of tests nobody listens."""
    for act in _acts:
        act(point)


def arm(act: Act) -> None:
    """Have `act` called at every point, with its name."""
    _acts.append(act)


def disarm() -> None:
    """Let nobody listen any more."""
    _acts.clear()
