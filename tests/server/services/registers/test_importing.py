"""Importing a register into a real database, both kinds."""

import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from server.clock import china_date, now
from server.errors import DomainError
from server.models import AuditEntry, InspectionObject, ObjectProposal, ObjectSource, Organisation
from server.parts import parts_of
from server.services.registers import importing as registers
from server.services.registers import reading
from server.services.registers.importing import import_objects, stage_file
from server.services.registers.jurisdiction import root_organisation
from server.services.registers.region import ensure_region
from tests.server.register_samples import (
    MARKET_HEADER,
    as_csv,
    cells,
    credit_code,
    firm,
    firms,
)


@pytest.fixture
def bring(world):
    """Imports content into the world's database and gives the report and the problems."""

    def import_content(content, *, organisation_id=None, **options):
        with tempfile.TemporaryFile() as file, world.parts.database.write() as session:
            file.write(content)
            file.seek(0)
            body = (
                session.get_one(Organisation, organisation_id)
                if organisation_id
                else root_organisation(session)
            )
            staged = stage_file(file, default_division=body.division_code)
            try:
                report = import_objects(
                    session, actor=None, staged=staged, organisation=body, now=now(), **options
                )
                return report, list(staged.stage.problems())
            finally:
                staged.stage.close()

    return import_content


def objects(world):
    with world.parts.database.read() as session:
        found = session.scalars(select(InspectionObject).order_by(InspectionObject.source_key))
        return {one.source_key: one for one in found}


def counts(report):
    return (report.imported, report.updated, report.unchanged, sum(report.skipped.values()))


def rows(*changed):
    return as_csv(cells([*changed], MARKET_HEADER))


def test_a_file_is_imported_and_every_row_keeps_where_it_came_from(world, bring):
    report, problems = bring(firms(1, 2, 3))
    assert counts(report) == (3, 0, 0, 0)
    assert not problems
    found = objects(world)[credit_code(1)]
    assert (found.source, found.source_key) == ("市场主体登记", credit_code(1))
    assert (found.organisation_id, found.division_code) == ("det", "150100")
    assert (found.division_state, found.proposed_division_code) == ("proposed", "150102")
    assert found.active is True
    assert (found.tags, found.edited_fields) == ([], [])
    assert found.details["business_scope"] == "日用百货"


def test_a_second_run_changes_nothing(world, bring):
    bring(firms(1, 2, 3))
    before = objects(world)
    report, _ = bring(firms(1, 2, 3))
    assert counts(report) == (0, 0, 3, 0)
    after = objects(world)
    assert {key: one.updated_at for key, one in after.items()} == {
        key: one.updated_at for key, one in before.items()
    }


def test_only_what_changed_is_updated(world, bring):
    bring(firms(1, 2))
    report, _ = bring(rows(firm(1), firm(2, 注册地址="呼和浩特市回民区1号"), firm(3)))
    assert counts(report) == (1, 1, 1, 0)
    found = objects(world)[credit_code(2)]
    assert found.address == "呼和浩特市回民区1号"
    assert found.proposed_division_code == "150103"


def test_a_dry_run_says_the_same_and_writes_nothing(world, bring):
    bring(firms(1, 2))
    content = rows(firm(1), firm(2, 注册资金="1(万)"), firm(3), firm(4, 地区="大同"))
    before = audit(world)
    dry, problems = bring(content, dry_run=True)
    assert counts(dry) == (1, 1, 1, 1)
    assert len(objects(world)) == 2
    assert audit(world) == before
    real, same_problems = bring(content)
    assert counts(real) == counts(dry)
    assert same_problems == problems


def audit(world):
    with world.parts.database.read() as session:
        return session.scalars(
            select(AuditEntry.after)
            .where(AuditEntry.action == "objects_imported")
            .order_by(AuditEntry.id)
        ).all()


def test_each_import_leaves_one_audit_entry_with_its_figures(world, bring):
    bring(rows(firm(1), firm(2, 地区="大同")), filename="a.csv", source="第一批")
    (entry,) = audit(world)
    assert entry["file"] == "a.csv"
    assert entry["source"] == "第一批"
    assert (entry["rows"], entry["imported"]) == (2, 1)
    assert entry["skipped"] == {"league_unknown": 1}
    assert entry["divisions"] == {"named_first": 1}


def test_what_a_person_edited_is_not_overwritten(world, bring):
    bring(rows(firm(1)))
    object_id = objects(world)[credit_code(1)].id
    patch = {"name": "人工更正名称", "division_code": "150103", "tags": ["重要"]}
    admin = world.admin.call("PATCH", f"/objects/{object_id}", json=patch)
    assert admin.status_code == 200, admin.text
    report, _ = bring(rows(firm(1, 企业名称="新名称", 注册地址="呼和浩特市玉泉区2号")))
    assert counts(report) == (0, 1, 0, 0)
    found = objects(world)[credit_code(1)]
    assert found.name == "人工更正名称"
    assert found.tags == ["重要"]
    assert found.address == "呼和浩特市玉泉区2号"  # the source's word where nobody said otherwise
    assert (found.division_code, found.division_state) == ("150103", "settled")
    assert (found.organisation_id, found.proposed_division_code) == ("brig-b", None)


def test_a_repeated_row_is_skipped_and_points_to_its_twin(bring):
    report, problems = bring(rows(firm(1), firm(2), firm(1, 企业名称="另一名称")))
    assert counts(report) == (2, 0, 0, 1)
    (problem,) = problems
    assert (problem.line, problem.code) == (4, "repeated")
    assert "第 2 行" in problem.reason


def test_a_repeated_row_is_found_across_batches(bring, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_ROWS", 2)
    report, problems = bring(firms(1, 2, 3, 4, 5, 1, 3))
    assert counts(report) == (5, 0, 0, 2)
    assert [problem.line for problem in problems] == [7, 8]


def sources(world, object_id):
    with world.parts.database.read() as session:
        found = session.scalars(select(ObjectSource).where(ObjectSource.object_id == object_id))
        return {(one.source, one.source_key): one for one in found}


def open_proposals(world):
    with world.parts.database.read() as session:
        asked = select(ObjectProposal).where(ObjectProposal.state == "open")
        return {(one.object_id, one.source): one.changes for one in session.scalars(asked)}


SHOP = "name,address,credit_code,source_key,contact_name,division_code\n"


def test_a_further_source_fills_what_is_empty_and_asks_where_it_says_otherwise(world, bring):
    bring(rows(firm(1)))
    line = f"别名,新城区9号,{credit_code(1)},K-1,某某,150102\n"
    report, problems = bring((SHOP + line).encode(), source="教育局名单")
    assert (counts(report), report.attached, report.proposed) == ((0, 1, 0, 0), 1, 1)
    assert not problems
    (found,) = objects(world).values()
    assert (found.name, found.contact_name) == ("第1商贸有限公司", "某某")
    assert (found.division_code, found.division_state) == ("150102", "settled")
    assert found.organisation_id == "brig-a"
    assert found.field_sources == {"contact_name": "教育局名单", "division_code": "教育局名单"}
    assert set(sources(world, found.id)) == {
        ("市场主体登记", credit_code(1)), ("教育局名单", "K-1"),
    }  # fmt: skip
    assert open_proposals(world) == {
        (found.id, "教育局名单"): {"name": "别名", "address": "新城区9号"}
    }


def test_a_further_source_speaks_again_for_what_it_filled_and_for_nothing_else(world, bring):
    bring(rows(firm(1)))
    first = f"第1商贸有限公司,{firm(1)['注册地址']},{credit_code(1)},K-1,某某,150102\n"
    bring((SHOP + first).encode(), source="教育局名单")
    assert open_proposals(world) == {}
    again = f"别名,{firm(1)['注册地址']},{credit_code(1)},K-1,另一人,150102\n"
    report, _ = bring((SHOP + again).encode(), source="教育局名单")
    assert (report.updated, report.attached) == (1, 0)
    (found,) = objects(world).values()
    assert (found.name, found.contact_name) == ("第1商贸有限公司", "另一人")
    assert list(open_proposals(world).values()) == [{"name": "别名"}]
    report, _ = bring((SHOP + again).encode(), source="教育局名单")
    assert report.unchanged == 1


def test_the_provenance_holds_what_each_row_said(world, bring):
    bring(rows(firm(1)))
    (found,) = objects(world).values()
    (row,) = sources(world, found.id).values()
    assert row.facts["name"] == "第1商贸有限公司"
    assert row.facts["details"]["business_scope"] == "日用百货"


def test_a_key_whose_code_belongs_to_another_object_is_left_for_a_person(world, bring):
    bring(f"{SHOP}小店,新城区1号,,K-1,,\n小铺,新城区2号,{credit_code(2)},K-2,,\n".encode())
    report, problems = bring(f"{SHOP}小店,新城区1号,{credit_code(2)},K-1,,\n".encode())
    assert counts(report) == (0, 0, 0, 1)
    assert problems[0].code == "credit_code_taken"
    assert objects(world)["K-1"].credit_code is None
    (pair,) = world.admin.get("/registers/duplicates").get_json()["items"]
    assert pair["reasons"] == ["same_credit_code"]
    assert {pair["first"]["source_key"], pair["second"]["source_key"]} == {"K-1", "K-2"}


def test_rows_outside_the_chosen_part_of_the_tree_are_skipped(world, bring):
    content = rows(firm(1), firm(2, 地区="包头", 注册地址="包头市青山区"))
    report, problems = bring(content, organisation_id="det")
    assert counts(report) == (1, 0, 0, 1)
    assert problems[0].code == "division_out_of_scope"
    report, _ = bring(content)  # the corps holds what has no detachment
    assert counts(report) == (1, 0, 1, 0)
    assert objects(world)[credit_code(2)].organisation_id == "corps"


def test_a_row_that_states_its_banner_goes_to_the_brigade_at_once(world, bring):
    report, _ = bring("名称,地址,区划代码,类别\n小店,新城区1号,150102003,九小\n".encode())
    assert report.divisions == {"stated": 1}
    (found,) = objects(world).values()
    assert (found.organisation_id, found.kind) == ("brig-a", "small")
    assert found.division_state == "settled"


def test_bad_rows_do_not_hold_back_good_ones_and_are_told_in_the_order_of_the_file(bring):
    report, problems = bring(
        rows(firm(1, 统一社会信用代码="1", 地区="大同"), firm(2), firm(2), firm(3, 企业名称=""))
    )
    assert counts(report) == (1, 0, 0, 3)
    assert report.rows == 4
    assert report.skipped == {"credit_code_invalid": 1, "repeated": 1, "required": 1}
    assert [problem.line for problem in problems] == [2, 2, 4, 5]


def test_a_failure_at_the_end_leaves_nothing(world, bring):
    with pytest.raises(ZeroDivisionError):
        bring(firms(1, 2, 3, 4, 5), progress=lambda done, size: 1 // (done < size))
    assert objects(world) == {}
    assert audit(world) == []


@pytest.mark.parametrize(("limit", "fits"), [(4, True), (3, False)])
def test_a_file_has_a_largest_number_of_rows(bring, monkeypatch, limit, fits):
    monkeypatch.setattr(reading, "BATCH_ROWS", 2)
    monkeypatch.setattr(registers, "MAX_ROWS", limit)
    if fits:
        assert counts(bring(firms(1, 2, 3, 4))[0]) == (4, 0, 0, 0)
        return
    with pytest.raises(DomainError) as caught:
        bring(firms(1, 2, 3, 4))
    assert caught.value.code == "register_too_large"


def send_team(world, object_id):
    """A task on an object, with the lead and the assistant on it."""
    asked = {
        "origin": "complaint", "source_document": "登记单1号", "object_id": object_id,
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
        "assignments": [
            {"officer_id": "o-lead", "role": "lead"},
            {"officer_id": "o-assistant", "role": "assistant"},
        ],
    }  # fmt: skip
    answer = world.supervisor.post("/tasks", asked)
    assert answer.status_code == 201, answer.text


def test_two_imports_of_one_file_at_the_same_moment_store_it_once(world, bring):
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: bring(firms(*range(50)))[0], range(2)))
    assert sorted(counts(report) for report in reports) == [(0, 0, 50, 0), (50, 0, 0, 0)]
    assert len(objects(world)) == 50


def test_devices_that_hold_a_task_hear_of_a_changed_object(world, bring):
    bring("名称,地址,区划代码,来源编号\n旧名,新城区1号,150102,K-1\n".encode())
    object_id = objects(world)["K-1"].id
    send_team(world, object_id)
    cursor = world.lead.pull()["cursor"]
    bring("名称,地址,区划代码,来源编号\n新名,新城区1号,150102,K-1\n".encode())
    changes = world.lead.pull(cursor)["changes"]
    assert [(c["type"], c["id"], c["data"]["name"]) for c in changes] == [
        ("object", object_id, "新名")
    ]


def test_the_region_is_made_once_and_takes_over_what_it_covers(world, bring):
    bring(rows(firm(1, 地区="包头", 注册地址="包头市青山区"), firm(2)))
    with world.parts.database.write() as session:
        made = ensure_region(session, now=now())
    assert made == {"detachment": 11, "brigade": 106}  # the world brought corps, 1 and 2
    with world.parts.database.write() as session:
        assert not ensure_region(session, now=now())
        assert session.scalar(select(func.count()).select_from(Organisation)) == 121
        baotou = session.scalars(
            select(Organisation).where(
                Organisation.division_code == "150200", Organisation.kind == "detachment"
            )
        ).one()
    found = objects(world)
    assert baotou.path == f"/corps/{baotou.id}/"
    assert found[credit_code(1)].organisation_id == baotou.id
    assert found[credit_code(2)].organisation_id == "det"


def test_an_empty_tree_says_what_to_do_first(app):
    with parts_of(app).database.read() as session, pytest.raises(DomainError) as caught:
        root_organisation(session)
    assert caught.value.code == "organisations_missing"
    assert "seed-organisations" in caught.value.message


def test_a_whole_file_is_read_without_the_database():
    with tempfile.TemporaryFile() as file:
        file.write(firms(1, 2))
        file.seek(0)
        seen = []
        staged = stage_file(
            file, default_division="150000", progress=lambda done, size: seen.append((done, size))
        )
    assert staged.stage.count() == 2
    assert seen[-1][0] == seen[-1][1]
    staged.stage.close()
