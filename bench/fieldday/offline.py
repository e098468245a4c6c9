"""Act 4: work without a network."""

import io
import random
from pathlib import Path

from PIL import Image

from bench.fieldday.day import ANSWERS, CONTESTED, FORGOTTEN, Day, Inspector
from client import PhotoFacts

PHOTO_SIDE = 1600


def work_apart(day: Day) -> None:
    """Two officers answer the same item differently, both note why, one takes a photo."""
    story = day.story
    story.act("In the cellar (现场): both write, neither sees the other, the server sees neither")
    _lead_writes(day)
    _assistant_writes(day)
    values = [who.device.get("answer", day.contested).data["value"] for who in _both(day)]
    story.claim(
        f"item {CONTESTED} stands as pass (合格) on one device and as fail (不合格) on the other",
        values == ["pass", "fail"], values,
    )  # fmt: skip
    waiting = [len(who.device.pending().ops) for who in _both(day)]
    day.counts["ops written offline"] = sum(waiting)
    story.claim(
        f"{waiting[0]} and {waiting[1]} ops (操作) wait in the two outboxes, and a photo of "
        f"{day.photo.stat().st_size / 1e6:.1f} MB",
        all(waiting) and len(day.assistant.device.pending().photos) == 1, waiting,
    )  # fmt: skip
    lacks = [lack.item_code for lack in day.lead.device.missing(day.task_id)]
    story.claim(f"the device knows what is missing: {', '.join(lacks)}", FORGOTTEN in lacks, lacks)
    review = day.review()
    story.claim(
        "the supervisor sees nothing of it yet",
        not review["findings"] and not any(each["answer"] for each in review["items"]), review,
    )  # fmt: skip


def _both(day: Day) -> tuple[Inspector, Inspector]:
    return day.lead, day.assistant


def _lead_writes(day: Day) -> None:
    device, sing = day.lead.device, day.canaries.sing
    device.start_task(day.task_id)
    for item_code, value in ANSWERS.items():
        device.answer(day.task_id, item_code, value)
    device.answer(day.task_id, CONTESTED, "pass", sing("note of the lead", "通道已清理"))
    device.fill_record(
        day.task_id,
        unit_name=day.site["name"],
        legal_representative=sing("legal representative", "法人"),
        legal_representative_phone=day.canaries.watch("telephone of the unit", "13887654321"),
        accompanied_by=sing("who accompanied", "陪同"),
        section_evacuation=sing("section of the record", "疏散"),
        outcome="term_correction",
        notes=sing("note on the record", "主办记"),
    )


def _assistant_writes(day: Day) -> None:
    device, sing = day.assistant.device, day.canaries.sing
    device.answer(day.task_id, CONTESTED, "fail", sing("note of the assistant", "通道堆满货物"))
    device.fill_record(day.task_id, notes=sing("second note on the record", "协办记"))
    day.finding_id = device.add_finding(
        day.task_id,
        item_code=CONTESTED,
        title="疏散通道被占用",
        description=f"货物堆放，{day.lead.name}已告知，联系电话 13700001111",
        location=sing("place of the finding", "后门"),
        severity="serious",
        action="term_correction",
        term_until="2099-01-31",
        legal_basis="《消防法》第二十八条",
        tags=[sing("tag of the finding", "标签")],
    )
    day.photo = _photo(day.folder / f"{sing('name of the photo file', 'photo')}.jpg")
    facts = PhotoFacts(
        taken_at=device.clock(),
        latitude=float(day.canaries.watch("latitude", "40.8421957")),
        longitude=float(day.canaries.watch("longitude", "111.7519683")),
    )
    day.photo_id = device.attach_photo(day.photo, of=("finding", day.finding_id), facts=facts)


def _photo(path: Path) -> Path:
    """A picture of noise, which no compression makes small."""
    noise = random.Random(str(path)).randbytes(PHOTO_SIDE * PHOTO_SIDE * 3)
    picture = io.BytesIO()
    Image.frombytes("RGB", (PHOTO_SIDE, PHOTO_SIDE), noise).save(picture, "JPEG", quality=85)
    path.write_bytes(picture.getvalue())
    return path
