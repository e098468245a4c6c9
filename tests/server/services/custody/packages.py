"""An inspection with every sort of photo, its package, and ways to do harm to a package."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from custody.verify import Verified, in_folder, in_zip, verify
from tests.media.pictures import clip
from tests.server.services.custody.evidence import anchor, look_at, verified_photo
from tests.server.sync.ops import new_finding
from tests.server.tus.speaker import declare, new_photo_id, photo, upload
from tests.world import World

Contents = dict[str, bytes]


class Inspected(NamedTuple):
    """The task, and its photos by what is special about them."""

    task_id: str
    shared: str  # shown by two findings
    twin: str  # the same bytes declared as another photo
    video: str
    lost: str
    late: str  # came after the anchor was made


def inspected(world: World) -> Inspected:
    """An inspection of which all but one photo is anchored."""
    task_id = world.task()
    shared, twin = verified_photo(world, task_id, 1), verified_photo(world, task_id, 1)
    video, lost = new_photo_id(), new_photo_id()
    declare(world.lead, task_id, video, clip(), media_type="video/mp4")
    assert upload(world.lead, clip(), video).status_code == 204
    declare(world.lead, task_id, lost, photo(3))
    call_lost(world, lost)
    findings = [
        new_finding(f"f{number}-{task_id}", task_id, title="疏散通道堆物", photos=[shared])
        for number in (1, 2)
    ]
    assert {result["status"] for result in world.lead.push(*findings)} == {"applied"}
    look_at(world, shared)
    anchor(world)
    anchor(world, 1)
    return Inspected(task_id, shared, twin, video, lost, verified_photo(world, task_id, 4))


def call_lost(world: World, photo_id: str) -> None:
    """The lead asks, the supervisor approves."""
    reason = {"reason": "手机损坏，无法恢复"}
    assert world.lead.post(f"/photos/{photo_id}/lost", reason).status_code == 200
    answer = world.supervisor.post(f"/photos/{photo_id}/lost/approve", {})
    assert answer.status_code == 200, answer.text


def exported(world: World, task_id: str) -> bytes:
    """The package as the supervisor gets it."""
    answer = world.supervisor.get(f"/tasks/{task_id}/evidence-package")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
    return answer.data


def contents(package: bytes) -> Contents:
    """Name → bytes, in their order."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Contents) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def unpacked(members: Contents, folder: Path) -> Path:
    for name, content in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def verify_zip(members: Contents, _folder: Path) -> Verified:
    with zipfile.ZipFile(io.BytesIO(zipped(members))) as archive:
        return verify(in_zip(archive))


def verify_folder(members: Contents, folder: Path) -> Verified:
    return verify(in_folder(unpacked(members, folder)))


WAYS: tuple[Callable[[Contents, Path], Verified], ...] = (verify_zip, verify_folder)
