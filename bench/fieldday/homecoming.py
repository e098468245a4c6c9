"""Acts 5 to 7: the network comes back, and nearly nothing goes well."""

import hashlib
from collections import Counter

from bench.fieldday.day import CONTESTED, Day, Inspector, team
from bench.fieldday.desk import Json

PUSH = "POST /api/v1/sync/push"
UPLOAD = "PATCH /api/v1/files/"
CUT_AFTER_BYTES = 1_500_000


def cut_the_upload(day: Day) -> None:
    """A photo upload breaks in the middle, the server is killed, the upload goes on."""
    story, who = day.story, day.assistant
    story.act("A broken upload (断点续传): the line breaks within a photo, the server is killed")
    who.line.break_within(UPLOAD, lets_through=CUT_AFTER_BYTES)
    who.line.up()
    megabytes = CUT_AFTER_BYTES / 1e6
    story.claim(f"the line breaks after {megabytes:.1f} MB of the photo", who.breaks_off())
    who.line.down()
    counts = day.review()["photos"]["counts"]
    story.claim(
        "the finding has come, its photo is declared (已申报) but not received",
        (counts["declared"], counts["received"]) == (1, 0), counts,
    )  # fmt: skip
    day.house.server.kill()
    story.claim("the server is dead (SIGKILL)", not day.house.is_alive())
    day.house.server.start()
    story.claim("it was started again", day.house.is_alive())
    _resume(day, who)
    _check_photo(day)


def _resume(day: Day, who: Inspector) -> None:
    size, before = day.photo.stat().st_size, who.line.sent_bytes
    report = who.sync()
    sent = who.line.sent_bytes - before
    day.counts["bytes of the photo"] = size
    day.counts["bytes sent after the break"] = sent
    day.story.claim(
        f"the upload goes on where it stopped: {sent / 1e6:.1f} of {size / 1e6:.1f} MB were sent",
        report.photos_sent == 1 and sent < size - CUT_AFTER_BYTES // 2, (sent, size, report),
    )  # fmt: skip


def _check_photo(day: Day) -> None:
    digest = hashlib.sha256(day.photo.read_bytes()).hexdigest()
    counts = day.review()["photos"]["counts"]
    day.story.claim("the photo is verified (已校验)", counts["verified"] == 1, counts)
    original = day.supervisor.bytes_of(f"/photos/{day.photo_id}/original")
    kept = day.house.file_named(digest)
    day.story.claim(
        "the original that the supervisor gets and the file in the data folder are the same bytes",
        kept and hashlib.sha256(original).hexdigest() == digest
        and hashlib.sha256(kept.read_bytes()).hexdigest() == digest, (kept, digest),
    )  # fmt: skip
    day.house.command("jobs", "once", "make_derivatives")
    small = day.supervisor.bytes_of(f"/photos/{day.photo_id}/thumbnail")
    day.story.claim(
        f"there is a thumbnail of {len(small)} bytes", small[:2] == b"\xff\xd8", small[:16]
    )


def lose_an_answer(day: Day) -> None:
    """The server has committed, the answer is lost; the repetition does nothing twice."""
    story, who = day.story, day.lead
    story.act("A lost answer (应答丢失): the server has it all, and the device does not know")
    waiting = {op.op_id for op in who.device.pending().ops}
    who.line.lose_answer_to(PUSH)
    who.line.up()
    story.claim("the lead's push is not answered", who.breaks_off())
    who.line.down()
    history = _times_in_history(day, waiting)
    story.claim(
        f"{len(history)} of {len(waiting)} ops stand in the history (历史) already",
        history, history,
    )  # fmt: skip
    still = {op.op_id for op in who.device.pending().ops}
    story.claim("on the device all of them still wait", still == waiting, still ^ waiting)
    report = who.sync()
    again = _times_in_history(day, waiting)
    story.claim(
        f"sent again, each was done once: {dict(report.receipts)}",
        set(again) == waiting and set(again.values()) == {1}, again,
    )  # fmt: skip
    story.claim("the outbox is empty", not who.device.pending(), who.device.pending())
    _meet(day)


def _times_in_history(day: Day, op_ids: set[str]) -> Counter[str]:
    return Counter(each["op_id"] for each in day.review()["history"] if each["op_id"] in op_ids)


def _meet(day: Day) -> None:
    """Both devices show the same, the disagreement included."""
    day.assistant.sync()
    answers = [who.device.get("answer", day.contested) for who in (day.lead, day.assistant)]
    day.story.claim(
        "both devices show the same answer, the graver value (fail) standing meanwhile",
        answers[0].data == answers[1].data and answers[0].data["value"] == "fail", answers,
    )  # fmt: skip
    authors = [note["by"] for note in answers[0].data["notes"]]
    day.story.claim(
        "the notes of both are there, each with its author",
        sorted(authors) == sorted([day.lead.officer_id, day.assistant.officer_id]), authors,
    )  # fmt: skip
    notes = day.lead.device.get("record", day.task_id).data["notes"]
    day.story.claim("so are both notes on the record (检查记录)", len(notes) == 2, notes)
    for who in (day.lead, day.assistant):
        _check_conflict(day, who)


def _check_conflict(day: Day, who: Inspector) -> None:
    said = [_candidates(each.data) for each in who.device.conflicts()]
    wanted = {(day.lead.officer_id, "pass"), (day.assistant.officer_id, "fail")}
    day.story.claim(
        f"on the device of {who.name} one conflict (冲突) is open, over {CONTESTED}, with both "
        "values and who gave them",
        said == [wanted], said,
    )  # fmt: skip


def _candidates(conflict: Json) -> set[tuple[str, str]]:
    return {(each["officer_id"], each["value"]) for each in conflict["candidates"]}


def replace_the_assistant(day: Day) -> None:
    """Who works offline does not know that somebody else was sent; the work is salvaged."""
    story, who, comer = day.story, day.assistant, day.reserve
    story.act("Replaced while offline (改派): the assistant's late work is salvaged (抢救)")
    who.line.down()
    late = who.device.add_finding(
        day.task_id, item_code="s06", title="应急照明损坏", severity="moderate",
        notes=day.canaries.sing("note that came late", "迟到"),
    )  # fmt: skip
    reason = day.canaries.sing("reason of the reassignment", "另有任务")
    day.supervisor.must(
        "PUT", f"/tasks/{day.task_id}/assignments",
        {"assignments": team(day.lead, comer), "reason": reason},
    )  # fmt: skip
    report = who.sync()
    story.claim(
        f"{who.name} comes home: the late finding is salvaged, not lost and not forced in",
        report.receipts["salvaged"] == 1, report,
    )  # fmt: skip
    story.claim("the task has left the device", not who.device.tasks(), who.device.tasks())
    kept = [(op.id, (op.reason or {}).get("code")) for op in who.device.pending().refused]
    story.claim(
        "but what was written is still shown there, with the reason",
        kept == [(late, "not_assigned")], kept,
    )  # fmt: skip
    _check_salvage(day, late)


def _check_salvage(day: Day, late: str) -> None:
    """The newcomer has everything, sees what was salvaged, and writes it anew."""
    story, comer = day.story, day.reserve
    comer.sync()
    view = comer.device.task(day.task_id)
    story.claim(
        f"{comer.name} has the whole task: answers, finding, photo entry, open conflict",
        view.answers and len(view.findings) == len(view.photos) == len(view.conflicts) == 1, view,
    )  # fmt: skip
    salvaged = view.task.data["salvaged"]
    story.claim(
        "and sees what was salvaged, and whose it was",
        [(each["id"], each["by"]) for each in salvaged] == [(late, day.assistant.officer_id)],
        salvaged,
    )  # fmt: skip
    told = [each["id"] for each in day.review()["salvaged"]]
    story.claim("so does the supervisor", told == [late], told)
    patch = {name: salvaged[0]["patch"][name] for name in ("item_code", "title", "severity")}
    comer.device.add_finding(day.task_id, action="immediate_correction", **patch)
    report = comer.sync()
    story.claim(
        f"{comer.name} looks, agrees, and writes it as an own finding", report.clean, report
    )
