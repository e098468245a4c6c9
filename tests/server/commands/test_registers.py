"""`flask registers …` as an operator runs it."""

import csv
import re

import pytest
from sqlalchemy import func, select

from server.models import InspectionObject, Organisation
from server.parts import parts_of
from tests.server.register_samples import (
    MARKET_HEADER,
    as_csv,
    as_xlsx,
    as_xz,
    cells,
    firm,
    firms,
)

REAL_FILE = "enterprises-neimenggu.csv.xz"


@pytest.fixture
def run(app):
    """Runs `flask registers …`."""
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["registers", *map(str, words)])


@pytest.fixture
def seeded(run):
    assert run("seed-organisations").exit_code == 0


@pytest.fixture
def register(tmp_path):
    """Writes content to a file and gives its path."""

    def write(content, name="register.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def figures(output):
    """The figures of a summary by their words."""
    return {name.strip(): int(n) for name, n in re.findall(r"^(.+?):\s+(\d+)$", output, re.M)}


def count(app, model):
    with parts_of(app).database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_the_organisations_are_made_once(app, run):
    first = run("seed-organisations")
    assert "corps: 1 made\ndetachment: 12 made\nbrigade: 108 made" in first.output
    assert "brigade: 0 made" in run("seed-organisations").output
    assert count(app, Organisation) == 121


@pytest.mark.parametrize("form", [as_csv, as_xz, as_xlsx])
@pytest.mark.usefixtures("seeded")
def test_an_import_tells_what_became_of_the_rows(app, run, register, form):
    rows = cells([firm(1), firm(2), firm(2), firm(3, 地区="大同")], MARKET_HEADER)
    done = run("import", register(form(rows)))
    assert done.exit_code == 0, done.output
    told = figures(done.output)
    assert (told["rows read"], told["imported"], told["skipped"]) == (4, 2, 2)
    assert (told["repeated"], told["league_unknown"]) == (1, 1)
    assert told["proposed, named by the address"] == 2
    assert count(app, InspectionObject) == 2


@pytest.mark.usefixtures("seeded")
def test_a_dry_run_tells_the_same_and_writes_nothing(app, run, register):
    done = run("import", register(firms(1, 2)), "--dry-run")
    assert done.exit_code == 0
    assert "nothing was written" in done.output
    assert figures(done.output)["imported"] == 2
    assert count(app, InspectionObject) == 0


@pytest.mark.usefixtures("seeded")
def test_skipped_rows_are_written_to_a_file_that_is_safe_to_open(run, register, tmp_path):
    bad = [firm(1, 企业名称='=HYPERLINK("http://x")'), firm(2, 统一社会信用代码="@1"), firm(3)]
    errors = tmp_path / "errors.csv"
    done = run("import", register(as_csv(cells(bad, MARKET_HEADER))), "--errors", errors)
    assert done.exit_code == 0
    assert errors.read_bytes().startswith(b"\xef\xbb\xbf")
    with errors.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["行号", "列", "值", "代码", "原因"]
    assert [row[:4] for row in rows] == [
        ["2", "企业名称", '\'=HYPERLINK("http://x")', "formula"],
        ["3", "统一社会信用代码", "'@1", "credit_code_invalid"],
    ]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@pytest.mark.usefixtures("seeded")
def test_source_and_part_of_the_tree_can_be_named(app, run, register):
    with parts_of(app).database.read() as session:
        brigade = session.scalars(
            select(Organisation).where(Organisation.division_code == "150102")
        ).one()
    path = register("名称,地址\n小店,中山东路1号\n".encode())
    done = run("import", path, "--source", "九小普查", "--organisation", brigade.id)
    assert done.exit_code == 0, done.output
    with parts_of(app).database.read() as session:
        found = session.scalars(select(InspectionObject)).one()
    assert (found.source, found.organisation_id) == ("九小普查", brigade.id)
    assert run("import", path, "--organisation", "nowhere").exit_code == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (as_xz([["名称", "地址"], *([str(n), "x"] for n in range(9999))])[:-40], "不完整"),
        (b"", "没有一行"),
        (firms(), "没有一行"),
        ("名称,面积\n小店,5\n".encode(), "面积"),
        ("名称,地址\n小店,1号\n".encode("utf-16"), "UTF-8"),
        (as_csv(cells([firm(1, 统一社会信用代码="1")], MARKET_HEADER)), "没有一行"),
    ],
)
@pytest.mark.usefixtures("seeded")
def test_a_file_of_which_nothing_can_be_read_ends_with_one_and_writes_nothing(
    app, run, register, content, words
):
    done = run("import", register(content))
    assert done.exit_code == 1
    assert words in done.output
    assert "Traceback" not in done.output
    assert count(app, InspectionObject) == 0


@pytest.mark.usefixtures("seeded")
def test_gb18030_is_accepted_with_a_note(run, register):
    content = as_csv(cells([firm(1)], MARKET_HEADER), "gb18030")
    done = run("import", register(content))
    assert done.exit_code == 0
    assert "note: 文件编码为 GB18030" in done.output
    assert figures(done.output)["imported"] == 1


def test_an_empty_tree_says_what_to_do_first(run, register):
    done = run("import", register(firms(1)))
    assert done.exit_code == 1
    assert "flask registers seed-organisations" in done.output


def test_help_teaches_with_examples(run):
    words = run("import", "--help").output
    assert "flask registers import register.csv.xz --dry-run --errors faults.csv" in words
    assert "ends with 1 only when" in words


@pytest.mark.parametrize("name", ["objects.csv", "objects.xlsx"])
@pytest.mark.usefixtures("seeded")
def test_what_is_exported_is_imported_without_any_change(run, register, tmp_path, name):
    run("import", register(firms(1, 2, 3)))
    written = run("export", "objects", tmp_path / name)
    assert written.output.startswith("3 objects ->")
    told = figures(run("import", tmp_path / name).output)
    assert (told["unchanged"], told["updated"], told["imported"], told["skipped"]) == (3, 0, 0, 0)


@pytest.mark.usefixtures("seeded")
def test_officers_are_imported_from_a_filled_template(run, register, tmp_path):
    template = tmp_path / "officers.csv"
    assert run("template", "officers", template).exit_code == 0
    filled = template.read_bytes() + "甲,150102,专职消防监督员,,,蒙A-1,2030-12-31,是,是,\n".encode()
    for line in ("imported: 1", "unchanged: 1"):
        done = run("import-officers", register(filled), "--errors", tmp_path / "errors.csv")
        assert line in done.output, done.output
    assert "example" in (tmp_path / "errors.csv").read_text("utf-8-sig")
    assert run("template", "officers", tmp_path / "x.pdf").exit_code == 2


@pytest.mark.usefixtures("seeded")
def test_a_search_for_duplicates_tells_what_it_did(run, register):
    run("import", register("名称,地址\n某某店,新城区1号\n某某 店,新城区１号。\n".encode()))
    told = figures(run("find-duplicates").output)
    assert (told["objects"], told["compared"], told["pairs found"]) == (2, 1, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("seeded")
def test_the_real_register_is_imported_whole_and_a_second_run_changes_nothing(
    app, run, real_data, tmp_path
):
    path = real_data / REAL_FILE
    if not path.exists():
        pytest.skip(f"no {REAL_FILE}")
    first = run("import", path, "--errors", tmp_path / "errors.csv")
    assert first.exit_code == 0, first.output
    assert figures(first.output) == {
        "rows read": 66527, "imported": 66527, "updated": 0, "unchanged": 0, "skipped": 0,
        "proposed, named by the address": 50990,
        "proposed, named by a short name": 7633,
        "proposed, mentioned within the address": 50,
        "no proposal, the address names a development zone": 4218,
        "no proposal, the address names no banner": 3631,
        "no proposal, the source has no address": 4,
        "no proposal, the address lies in another league": 1,
    }  # fmt: skip
    assert len((tmp_path / "errors.csv").read_text("utf-8-sig").splitlines()) == 1
    with parts_of(app).database.read() as session:
        states = session.execute(
            select(InspectionObject.division_state, func.count()).group_by(
                InspectionObject.division_state
            )
        )
        assert {row[0]: row[1] for row in states} == {"proposed": 58673, "unknown": 7854}
        holders = session.execute(
            select(Organisation.kind, func.count()).join(
                InspectionObject, InspectionObject.organisation_id == Organisation.id
            ).group_by(Organisation.kind)
        )  # fmt: skip
        assert {row[0]: row[1] for row in holders} == {"detachment": 66527}
    second = figures(run("import", path).output)
    assert (second["imported"], second["updated"], second["unchanged"]) == (0, 0, 66527)
    told = figures(run("find-duplicates").output)
    assert told["objects"] == 66527
    assert told["compared"] < 500_000  # of 2,212,887,601 pairs
    assert 0 < told["pairs found"] < 100
