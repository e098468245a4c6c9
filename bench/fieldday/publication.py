"""Act 10: the result reaches the public, and nothing else does."""

from bench.fieldday.day import Day, read_public
from bench.fieldday.desk import Json

RESULT = "发现问题已责令改正"


def publish(day: Day) -> None:
    """JSON and a page, read without a token."""
    story = day.story
    story.act("Published (公示): anybody reads the result, and nothing internal leaks")
    notice = day.supervisor.must("POST", f"/tasks/{day.task_id}/publish", {})
    day.notice_id = notice["notice_id"]
    task = day.supervisor.must("GET", f"/tasks/{day.task_id}")
    story.claim("the task is closed", task["status"] == "closed", task["status"])
    api = f"{day.house.api}/public/results"
    data, page = read_public(f"{api}/{day.notice_id}"), read_public(day.public_address())
    _check_record(day, data.json())
    story.claim(
        "the page says the unit, the body and the result in Chinese",
        page.ok and all(word in page.text for word in (day.brigade["name"], RESULT, "抽查")),
        page.text,
    )  # fmt: skip
    lists = [read_public(url) for url in (api, f"{day.house.server.url}/public/")]
    story.claim(
        "the list names it", all(day.notice_id in each.text for each in lists), lists[0].text
    )
    everything = "".join(each.text for each in (data, page, *lists))
    leaks = day.canaries.found_in(everything)
    story.claim(
        f"{len(day.canaries.sung)} internal texts (names, telephones, notes, places, positions, "
        "documents, devices) were looked for, and none is public",
        not leaks, leaks,
    )  # fmt: skip
    day.counts["internal texts looked for in public"] = len(day.canaries.sung)


def _check_record(day: Day, result: Json) -> None:
    record, story = result["record"], day.story
    story.claim(
        f"the result is {RESULT}, of {day.site['name']}",
        (record["result_text"], record["unit"]["name"]) == (RESULT, day.site["name"]), record,
    )  # fmt: skip
    found = [finding["title"] for finding in record["findings"]]
    story.claim(
        "both problems are told, with what was ordered",
        sorted(found) == sorted(["疏散通道被占用", "应急照明损坏"]), found,
    )  # fmt: skip
    described = " ".join(finding["description"] or "" for finding in record["findings"])
    story.claim(
        "the officer's name and the telephone in a description are masked (脱敏)",
        "某某" in described and "已隐去" in described and "13700001111" not in described, described,
    )  # fmt: skip
    day.counts["findings published"] = len(found)
