"""Acts 2 and 3: a complaint becomes a task, two devices set out."""

from datetime import datetime, timedelta, timezone

from bench.fieldday.day import CHECKLIST, Day, team
from bench.fieldday.desk import Desk, Json, Unexpected

CHINA = timezone(timedelta(hours=8))


def take_a_complaint(day: Day) -> None:
    """A supervisor makes a task of a complaint, on an object of the register."""
    story = day.story
    story.act("A complaint (举报投诉): a supervisor makes a task (检查任务) of it")
    _settle_the_banner(day)
    _hire(day)
    checklist = day.supervisor.must("GET", "/checklists", code=CHECKLIST, newest=True)["items"][0]
    asked: Json = {
        "origin": "complaint", "object_id": day.site["id"], "checklist_id": checklist["id"],
        "source_document": day.canaries.sing("source document", "举报投诉登记单"),
        "planned_on": datetime.now(CHINA).date().isoformat(),
    }  # fmt: skip
    _show_what_is_refused(day, asked)
    both = {"assignments": team(day.lead, day.assistant)}
    task = day.supervisor.must("POST", "/tasks", asked | both)
    day.task_id = task["id"]
    story.claim(
        f"task {task['number']} is assigned to a lead (主办) and an assistant (协办)",
        task["status"] == "assigned" and len(task["assignments"]) == 2, task,
    )  # fmt: skip
    counted = task["frequency"]["counted_in_year"]
    story.claim(
        f"it says how often the object was checked this year (N30): {counted} times of "
        f"{task['frequency']['cap_per_year']}",
        counted == 0, task["frequency"],
    )  # fmt: skip


def _settle_the_banner(day: Day) -> None:
    """A person settles the banner of one object: then it belongs to a brigade."""
    waiting = day.admin.must(
        "GET", "/registers/divisions/queue", division_state="proposed", limit=1
    )["items"]
    if not waiting:
        raise Unexpected("the register has no object whose banner waits for a person")
    [proposed] = waiting
    day.story.tell(
        f"{proposed['name']}, {proposed['address']}: the source names no banner (旗县区). "
        f"Proposed is {proposed['proposed_division_code']}, because {proposed['proposal_reason']}"
    )
    decision = {
        "object_id": proposed["id"], "division_code": proposed["proposed_division_code"],
    }  # fmt: skip
    day.admin.must("POST", "/registers/divisions/confirm", {"items": [decision]})
    day.site = day.admin.must("GET", f"/objects/{proposed['id']}")
    day.brigade = day.admin.must("GET", f"/organisations/{day.site['organisation_id']}")
    day.story.claim(
        f"once a person has confirmed it, {day.brigade['name']} holds the object",
        day.site["division_state"] == "settled" and day.brigade["kind"] == "brigade", day.site,
    )  # fmt: skip


def _hire(day: Day) -> None:
    name = day.canaries.watch("name of the supervisor", "主管丁")
    password = day.open_account(name, "zhuguan-d", "supervisor")
    day.supervisor = Desk(day.house.api, "zhuguan-d", password)
    day.lead = day.hire("主办甲", "zhuban-jia", lead_qualified=True)
    day.assistant = day.hire("协办乙", "xieban-yi", lead_qualified=False)
    day.reserve = day.hire("替补丙", "tibu-bing", lead_qualified=False)
    contact = {
        "contact_name": day.canaries.sing("contact of the object", "联系人"),
        "contact_phone": day.canaries.watch("telephone of the object", "13912345678"),
    }
    day.site = day.supervisor.must("PATCH", f"/objects/{day.site['id']}", contact)


def _show_what_is_refused(day: Day, asked: Json) -> None:
    """What the notice does not allow is not possible."""
    drawn = day.supervisor.ask("POST", "/tasks", asked | {"origin": "drawn"})
    day.story.claim(
        "nobody makes a drawn task by hand (N4)", drawn.code == "origin_not_by_hand", drawn
    )
    bare = day.supervisor.ask("POST", "/tasks", asked | {"source_document": ""})
    day.story.claim("nor one without its source document", bare.status in (400, 422), bare)
    alone = day.supervisor.ask("POST", "/tasks", asked | {"assignments": team(day.lead)})
    day.story.claim("nobody is sent alone", alone.code == "assistant_needed", alone)


def set_out(day: Day) -> None:
    """Both devices fetch the task and lose the network."""
    story = day.story
    story.act("Setting out (出发): both devices sync, then there is no network")
    for inspector in day.inspectors:
        inspector.line.up()
        inspector.device.login(inspector.username, inspector.password)
        inspector.sync()
    for inspector in (day.lead, day.assistant):
        view = inspector.device.task(day.task_id)
        history = inspector.device.find("history", day.site["id"])
        story.claim(
            f"{inspector.name} holds the task, the object, its history and the pinned checklist",
            view.object and view.checklist and history, view,
        )  # fmt: skip
    story.claim(
        f"{day.reserve.name}, who is not on the task, holds nothing of it",
        not day.reserve.device.tasks(), day.reserve.device.tasks(),
    )  # fmt: skip
    for inspector in day.inspectors:
        inspector.line.down()
    story.claim(
        "no device reaches the server any more",
        all(inspector.breaks_off() for inspector in day.inspectors),
    )  # fmt: skip
