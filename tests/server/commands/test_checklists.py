"""`flask checklists …`"""

import io
import json

import openpyxl
from pyxform.xls2xform import convert
from sqlalchemy import func, select

from server.models import Checklist
from tests.server.checklist_forms.workbooks import form


def run(world, *arguments: object):
    return world.app.test_cli_runner().invoke(args=["checklists", *map(str, arguments)])


def versions(world) -> int:
    with world.parts.database.read() as session:
        return session.scalar(select(func.count()).select_from(Checklist))


def test_the_statutory_lists_are_installed_once_and_exported_as_xlsform(world, tmp_path):
    first, second = run(world, "statutory"), run(world, "statutory")
    assert first.exit_code == second.exit_code == 0, first.output
    assert first.output.count("new version") == 2
    assert second.output.count("unchanged") == 2
    file = tmp_path / "key-units.xlsx"
    assert run(world, "export", "key-units", file).exit_code == 0
    assert convert(xlsform=io.BytesIO(file.read_bytes()), validate=False, file_type=".xlsx").xform
    again = run(world, "import", file)
    assert "key-units v1 (26 items): unchanged" in again.output


def test_an_edited_workbook_becomes_the_next_version_and_each_can_be_exported(world, tmp_path):
    run(world, "statutory")
    file = tmp_path / "small.xlsx"
    run(world, "export", "small-places", file)
    book = openpyxl.load_workbook(file)
    book["survey"].cell(row=3, column=3).value = "改过的检查内容"
    book.save(file)
    assert "small-places v2 (12 items): new version" in run(world, "import", file).output
    texts = []
    for version in (1, 2):
        out = tmp_path / f"v{version}.json"
        assert run(world, "export", "small-places", out, "--version", version).exit_code == 0
        texts.append(json.loads(out.read_text("utf-8"))["items"][1]["text"])
    assert texts[1] == "改过的检查内容"
    assert texts[0] != texts[1]
    assert "small-places v3" in run(world, "import", tmp_path / "v1.json").output


def test_a_bad_file_is_told_row_by_row_and_writes_nothing(world, tmp_path):
    before = versions(world)
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(form(("image", "a", "甲"), ("text", None, "乙")))
    told = run(world, "import", bad)
    assert told.exit_code == 1
    assert "survey 第 2 行 type" in told.output
    assert "survey 第 3 行 name" in told.output
    for name, content in (
        ("x.json", "{"),
        ("y.json", '{"code": "x", "items": [{}]}'),
        ("z.xlsx", "no"),
    ):
        file = tmp_path / name
        file.write_text(content)
        assert run(world, "import", file).exit_code == 1
    assert versions(world) == before


def test_an_unknown_code_or_owner_is_told(world, tmp_path):
    assert run(world, "export", "nothing", tmp_path / "x.xlsx").exit_code == 1
    assert not (tmp_path / "x.xlsx").exists()
    assert run(world, "statutory", "--organisation", "nobody").exit_code == 1


def test_a_list_may_belong_to_a_detachment(world):
    run(world, "statutory", "--organisation", "det")
    with world.parts.database.read() as session:
        owners = session.scalars(
            select(Checklist.organisation_id).where(Checklist.code == "key-units")
        )
        assert list(owners) == ["det"]
