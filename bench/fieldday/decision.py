"""Acts 8 and 9: a submission with gaps is sent back; the second one is approved."""

from bench.fieldday.day import CONTESTED, FORGOTTEN, Day
from bench.fieldday.desk import Json
from client import ApiError


def submit_with_gaps(day: Day) -> None:
    """The supervisor sees what is missing, and cannot approve."""
    story = day.story
    story.act("Submitted too early (提交): the supervisor sees the gaps, and approval is refused")
    day.reserve.device.submit(day.task_id)
    refused = day.reserve.sync()
    codes = [(op.reason or {}).get("code") for op in day.reserve.device.pending().refused]
    story.claim(
        "only the lead submits: the assistant's attempt is refused, with its reason",
        refused.receipts["rejected"] == 1 and codes == ["lead_only"], (refused, codes),
    )  # fmt: skip
    day.reserve.device.dismiss(day.reserve.device.pending().refused[0].op_id)
    day.lead.device.submit(day.task_id)
    day.lead.sync()
    review = day.review()
    story.claim("the task is submitted", review["task"]["status"] == "submitted", review["task"])
    gaps = [gap["code"] for gap in review["blocking"]]
    story.claim(
        "two things are missing, an open conflict and an answer; and a device is still to be heard",
        sorted(gaps) == ["answer_missing", "conflict_open", "device_silent"], review["blocking"],
    )  # fmt: skip
    for notice in review["blocking"] + review["warnings"]:
        story.tell(f"· {notice['message']}")
    _check_history(day, review["history"])
    _refuse(day)


def _check_history(day: Day, history: list[Json]) -> None:
    said = {
        (each["officer_id"], each["patch"]["value"])
        for each in history
        if each["id"] == day.contested and "value" in each["patch"]
    }
    day.counts["versions in the history"] = len(history)
    day.story.claim(
        f"the history of {len(history)} versions (历史版本) says who answered {CONTESTED} how",
        said == {(day.lead.officer_id, "pass"), (day.assistant.officer_id, "fail")}, said,
    )  # fmt: skip


def _refuse(day: Day) -> None:
    answer = day.supervisor.ask("POST", f"/tasks/{day.task_id}/approve")
    day.story.claim(
        "approval is refused: approval_blocked",
        (answer.status, answer.code) == (409, "approval_blocked"), answer,
    )  # fmt: skip
    early = day.supervisor.ask("POST", f"/tasks/{day.task_id}/publish", {})
    day.story.claim("nor can it be published", early.code == "state_invalid", early)
    reason = day.canaries.sing("reason of sending back", "请补充")
    back = day.supervisor.must("POST", f"/tasks/{day.task_id}/send-back", {"reason": reason})
    day.story.claim(
        "it is sent back (退回), which opens round 2",
        (back["status"], back["round"]) == ("in_progress", 2), back,
    )  # fmt: skip


def settle_and_approve(day: Day) -> None:
    """The lead settles the conflict and fills the gap; the record becomes immutable."""
    story, lead = day.story, day.lead
    story.act("Settled (处理冲突), submitted again, approved (审核通过)")
    lead.sync()
    _settle(day)
    lead.device.answer(day.task_id, FORGOTTEN, "pass")
    lead.device.submit(day.task_id)
    lead.sync()
    [silent] = day.review()["blocking"]
    story.claim(
        f"the record is complete, and approval waits for a word from {day.reserve.name}'s device",
        silent["code"] == "device_silent", silent,
    )  # fmt: skip
    day.reserve.sync()
    review = day.review()
    story.claim("it says that nothing waits there", not review["blocking"], review["blocking"])
    done = day.supervisor.must("POST", f"/tasks/{day.task_id}/approve")
    story.claim("the supervisor approves", done["status"] == "reviewed", done)
    lead.device.answer(day.task_id, "s02", "fail")
    late = lead.sync()
    seen = next(each for each in day.review()["items"] if each["item"]["code"] == "s02")
    story.claim(
        "a later edit changes nothing: it is kept beside the record, which is immutable now",
        late.receipts["salvaged"] == 1 and seen["answer"]["data"]["value"] == "pass", (late, seen),
    )  # fmt: skip


def _settle(day: Day) -> None:
    story, lead = day.story, day.lead
    [conflict] = lead.device.conflicts()
    graver = next(each for each in conflict.data["candidates"] if each["value"] == "fail")
    try:
        day.reserve.device.resolve(conflict.id, candidate=graver["key"])
        refusal = "none"
    except ApiError as error:
        refusal = error.code
    story.claim("an assistant may not settle a conflict", refusal == "forbidden", refusal)
    lead.device.resolve(conflict.id, candidate=graver["key"])
    for who in (lead, day.reserve):
        who.sync()
        answer = who.device.get("answer", day.contested).data["value"]
        story.claim(
            f"settled by the lead: {who.name} sees fail, and no open conflict",
            answer == "fail" and not who.device.conflicts(), (answer, who.device.conflicts()),
        )  # fmt: skip
