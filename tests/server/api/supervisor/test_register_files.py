"""Registers as files over HTTP: templates, exports, imports, and files that are odd."""

import io
import zipfile

import openpyxl
import pytest
from sqlalchemy import func, select

from server.models import AuditEntry, InspectionObject, Officer
from server.services.registers import exporting, workbooks
from tests.server.register_samples import as_csv, as_xlsx, credit_code, firms

FORMS = ("csv", "xlsx")


def upload(by, content, register="objects", query="", name="file.csv"):
    return by.call(
        "POST", f"/registers/import/{register}{query}",
        data={"file": (io.BytesIO(content), name)}, content_type="multipart/form-data",
    )  # fmt: skip


def imported(by, content, register="objects", query=""):
    answer = upload(by, content, register, query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def fetched(by, path):
    answer = by.get(path)
    assert answer.status_code == 200, answer.text
    return answer.get_data()


def counts(report):
    names = ("imported", "updated", "attached", "unchanged", "skipped")
    return tuple(report[name] for name in names)


def state(world, model):
    names = [name.name for name in model.__table__.columns if name.name != "updated_at"]
    with world.parts.database.read() as session:
        found = session.scalars(select(model).order_by(model.id))
        return [{name: getattr(one, name) for name in names} for one in found]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("register", ["objects", "officers"])
def test_a_template_that_comes_back_untouched_imports_nothing(world, register, form):
    content = fetched(world.admin, f"/registers/templates/{register}.{form}")
    report = imported(world.admin, content, register)
    assert counts(report) == (0, 0, 0, 0, 1)
    assert report["problems"][0]["code"] == "example"


@pytest.mark.parametrize("form", FORMS)
def test_an_export_of_objects_that_comes_back_changes_nothing(world, form):
    world.object(
        name='=HYPERLINK("http://x")', address="+1", tags=["-a", "b，c"], contact_name="@x"
    )
    world.object(
        name="ＡＢ　店", kind="key", credit_code=credit_code(1), latitude=40.5, longitude=111.25
    )
    world.object(
        name="第一机关",
        kind="other",
        nature="agency",
        division_state="proposed",
        division_code="150100",
    )
    before = state(world, InspectionObject)
    content = fetched(world.admin, f"/registers/export/objects.{form}")
    report = imported(world.admin, content)
    assert counts(report) == (0, 0, 0, 3, 0), report
    assert state(world, InspectionObject) == before


def test_a_corrected_export_corrects_what_was_changed_and_imports_keep_off(world):
    site = world.object(name="旧名", tags=["a"])
    content = fetched(world.admin, "/registers/export/objects.csv").decode("utf-8-sig")
    report = imported(world.admin, content.replace("旧名", "新名").encode())
    assert counts(report) == (0, 1, 0, 0, 0)
    found = world.admin.get(f"/objects/{site}").get_json()
    assert (found["name"], found["tags"], found["edited_fields"]) == ("新名", ["a"], ["name"])
    acts = world.admin.get(f"/objects/{site}/past").get_json()["acts"]
    assert (acts[0]["before"], acts[0]["after"]) == ({"name": "旧名"}, {"name": "新名"})


@pytest.mark.parametrize("form", FORMS)
def test_an_export_of_officers_that_comes_back_changes_nothing(world, form):
    world.officer("odd", rank="=1", specialties=["电气", "-x"], certificate_number=None)
    before = state(world, Officer)
    content = fetched(world.admin, f"/registers/export/officers.{form}")
    report = imported(world.admin, content, "officers")
    assert counts(report) == (0, 0, 0, len(before), 0), report
    assert state(world, Officer) == before


@pytest.mark.parametrize(("limit", "status"), [(2, 200), (1, 422)])
def test_a_workbook_holds_so_many_rows_and_a_csv_any(world, monkeypatch, limit, status):
    monkeypatch.setattr(exporting, "MAX_XLSX_ROWS", limit)
    world.object()
    world.object()
    assert world.admin.get("/registers/export/objects.xlsx").status_code == status
    assert world.admin.get("/registers/export/objects.csv").status_code == 200


def test_no_cell_of_an_export_starts_a_formula(world):
    world.object(name="=1", address="＝2", contact_name="\t=3", contact_phone="+4", tags=["@5"])
    book = openpyxl.load_workbook(
        io.BytesIO(fetched(world.admin, "/registers/export/objects.xlsx"))
    )
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value]
    assert all(cell.data_type == "s" for cell in cells)
    assert all(not cell.value.startswith(("=", "+", "-", "@", "\t", "＝")) for cell in cells)


def test_an_export_holds_what_the_filter_names_and_ones_own_part_of_the_tree(world):
    world.object(name="甲", kind="key")
    world.object(name="乙")
    world.object(name="丙", organisation="brig-b", kind="key")
    told = fetched(world.supervisor, "/registers/export/objects.csv?kind=key").decode("utf-8-sig")
    assert [name in told for name in "甲乙丙"] == [True, False, False]
    assert (
        world.supervisor.get("/registers/export/objects.csv?organisation_id=brig-b").status_code
        == 404
    )
    assert world.supervisor.get("/registers/export/objects.pdf").status_code == 404


OFFICERS = "姓名,机构,岗位,职务,业务专长,证件号,证件有效期,可任主办,在岗\n"


def test_officers_come_in_and_a_second_run_changes_nothing(world):
    content = (
        OFFICERS
        + "甲,新城大队,专职消防监督员,一级指挥员,电气；建筑,蒙A-1,2030/12/31,是,\n"
        + "乙,150103,文员,,,,,,否\n"
    )
    dry = imported(world.admin, content.encode(), "officers", "?dry_run=true")
    assert (counts(dry), len(state(world, Officer))) == ((2, 0, 0, 0, 0), 3)
    assert counts(imported(world.admin, content.encode(), "officers")) == (2, 0, 0, 0, 0)
    assert counts(imported(world.admin, content.encode(), "officers")) == (0, 0, 0, 2, 0)
    (found,) = world.admin.get("/officers?q=蒙A-1").get_json()["items"]
    assert (found["specialties"], found["lead_qualified"], found["active"]) == (
        ["电气", "建筑"],
        True,
        True,
    )
    assert found["certificate_expires_on"] == "2030-12-31"
    changed = content.replace("一级指挥员", "二级指挥员")
    assert counts(imported(world.admin, changed.encode(), "officers")) == (0, 1, 0, 1, 0)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("甲,无此大队,监督员,,,,,,", "organisation_unknown"),
        ("甲,回民大队,监督员,,,,,,", "organisation_unknown"),  # outside
        (",新城大队,监督员,,,,,,", "required"),
        ("甲,新城大队,监督员,,,蒙A-1,2030-02-30,,", "date_invalid"),
        ("甲,新城大队,监督员,,,,,也许,", "lead_qualified_unknown"),
        ("甲,新城大队,监督员,,,C-outsider,,,", "certificate_taken"),
        ("=1,新城大队,监督员,,,,,,", "formula"),
        ("甲,新城大队,监督员,,,,,", "columns"),
    ],
)
def test_an_officers_row_with_a_fault_is_told_and_stops_no_other(world, line, code):
    content = f"{OFFICERS}{line}\n乙,新城大队,监督员,,,,,,\n乙,新城大队,监督员,,,,,,\n"
    report = imported(world.supervisor, content.encode(), "officers")
    assert report["imported"] == 1
    assert [problem["code"] for problem in report["problems"]] == [code, "repeated"]


def wide_csv():
    return ("名称,地址" + "," * 10**6 + "\n小店,1号" + "," * 10**6 + "\n").encode()


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<a>" + b" " * 2_000_000 + b"</a>")
    return file.getvalue()


def merged_header():
    book = openpyxl.Workbook()
    book.active.append(["检查对象名录", None])
    book.active.merge_cells("A1:B1")
    book.active.append(["名称", "地址"])
    book.active.append(["小店", "1号"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


SHOP = "名称,地址,区划代码\n小店,中山东路1号,150102\n"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (SHOP.encode("utf-16"), 422, "register_unreadable"),
        ("名称,面积\n小店,5\n".encode(), 422, "register_header"),
        (merged_header(), 422, "register_header"),
        (b"", 422, "register_empty"),
        (b"\xff", 422, "register_unreadable"),
        (b"PK\x03\x04 no archive", 422, "register_unreadable"),
        (b"\xd0\xcf\x11\xe0 an old workbook", 422, "register_unreadable"),
        (
            as_xlsx([["名称", "地址"], *([f"店{n}", "1号"] for n in range(99))])[:-60],
            422,
            "register_unreadable",
        ),
    ],
    ids=["utf-16", "header", "merged", "empty", "bytes", "zip", "xls", "cut"],
)
def test_a_file_that_is_no_register_is_refused_whole(world, content, status, code):
    answer = upload(world.admin, content)
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert state(world, InspectionObject) == []


def test_a_million_columns_or_a_bomb_harm_nothing(world, monkeypatch):
    assert imported(world.admin, wide_csv())["imported"] == 1
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 1_000_000)
    answer = upload(world.admin, bomb())
    assert (answer.status_code, answer.get_json()["code"]) == (422, "register_too_large")


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (SHOP.encode("utf-8-sig"), 0),
        (SHOP.encode("gbk"), 1),
        (SHOP.replace("\n", "\r\n").encode(), 0),
        (as_xlsx([line.split(",") for line in SHOP.split()]), 0),
    ],
    ids=["bom", "gbk", "crlf", "xlsx"],
)
def test_a_file_is_read_however_it_was_saved(world, content, notes):
    report = imported(world.admin, content)
    assert (report["imported"], len(report["notes"])) == (1, notes)
    (found,) = state(world, InspectionObject)
    assert (found["name"], found["organisation_id"]) == ("小店", "brig-a")


ODD = "名称,地址,统一社会信用代码,编号,状态\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("小店,1号,123,,", "credit_code_invalid"),
        ("小店,1号,,no-such,", "object_unknown"),
        ("小店,1号,,'; DROP TABLE objects; --,", "object_unknown"),
        ("小店,1号,,,关闭", "state_needs_id"),
        ("=cmd(),1号,,,", "formula"),
    ],
)
def test_an_odd_row_is_told_and_stops_no_other(world, line, code):
    content = f"{ODD}{line}\n甲,2号,{credit_code(1)},,\n乙,3号,{credit_code(1)},,\n"
    report = imported(world.admin, content.encode())
    assert report["imported"] == 1
    assert [problem["code"] for problem in report["problems"]] == [code, "repeated"]


def test_a_cell_of_bytes_that_are_no_text_is_told_and_stops_no_other(world):
    content = SHOP.encode() + b"\xff\xfe,1\xe5\x8f\xb7,150102\n"
    report = imported(world.admin, content)
    assert (report["imported"], report["problems"][0]["code"]) == (1, "encoding")
    officers = OFFICERS.encode() + b"\xff\xfe,x,y,,,,,,\n"
    assert imported(world.admin, officers, "officers")["problems"][0]["code"] == "encoding"


def test_a_day_that_a_workbook_keeps_as_a_number_is_read(world):
    header, row = firms(1).decode().split("\r\n")[:2]
    cells = row.split(",")
    cells[2] = 41241  # 2012-11-28, as Excel counts
    report = imported(world.admin, as_xlsx([header.split(","), cells]))
    assert report["imported"] == 1, report
    (found,) = state(world, InspectionObject)
    assert found["details"]["registered_on"] == "2012-11-28"


def test_a_supervisor_imports_into_their_part_of_the_tree_only(world):
    other = "名称,地址,区划代码\n小店,1号,150103\n"
    report = imported(world.supervisor, other.encode())
    assert report["problems"][0]["code"] == "division_out_of_scope"
    theirs = world.object(organisation="brig-b")
    content = f"编号,名称,地址\n{theirs},改名,1号\n"
    report = imported(world.supervisor, content.encode())
    assert report["problems"][0]["code"] == "object_unknown"
    for caller in (world.lead, world.auditor):
        assert upload(caller, SHOP.encode()).status_code == 403
        assert upload(caller, OFFICERS.encode(), "officers").status_code == 403
    assert world.lead.get("/registers/export/objects.csv").status_code == 403


def test_a_dry_run_over_http_writes_nothing(world):
    assert imported(world.admin, SHOP.encode(), query="?dry_run=true")["imported"] == 1
    with world.parts.database.read() as session:
        assert session.scalar(select(func.count()).select_from(InspectionObject)) == 0
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_a_report_names_a_source_of_ones_own(world):
    imported(world.admin, as_csv([["名称", "地址"], ["小店", "1号"]]), query="?source=教育局名单")
    (found,) = state(world, InspectionObject)
    assert found["source"] == "教育局名单"
