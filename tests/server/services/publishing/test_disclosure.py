"""The table of disclosure classes, and what passes through it."""

import pytest

from server.models import InspectionObject, Organisation, Task
from server.services.publishing.disclosure import DISCLOSURE, Level, disclose
from sync.entities import FIELDS

NEVER = {"notes", "photos", "filename", "latitude", "longitude", "contact_phone", "assignments"}


def plain(text):
    return text


@pytest.mark.parametrize("type_", sorted({"record", "answer", "finding", "photo"}))
def test_somebody_decided_about_every_synced_field(type_):
    assert set(FIELDS[type_]) <= set(DISCLOSURE[type_])


def test_what_has_no_class_stays_in():
    assert disclose("task", {"number": "1", "new_field": "x"}, mask=plain) == {"number": "1"}


def test_what_is_internal_or_secret_stays_in():
    for type_, table in DISCLOSURE.items():
        data = dict.fromkeys(table, "x")
        shown = disclose(type_, data, mask=plain)
        assert {table[name] for name in shown} <= {Level.PUBLIC, Level.MASKED}


def test_masked_fields_pass_the_mask_and_public_ones_do_not():
    data = {"title": "a", "severity": "minor"}
    shown = disclose("finding", data, mask=str.upper)
    assert (shown["title"], shown["severity"]) == ("A", "minor")


def test_a_number_whose_digits_are_somebodys_is_masked_too():
    def hide(text):
        return text.replace("13800138000", "*")

    assert disclose("answer", {"value": 13800138000}, mask=hide) == {"value": "*"}
    assert disclose("answer", {"value": 7.5}, mask=hide) == {"value": 7.5}
    assert disclose("answer", {"value": True}, mask=hide) == {"value": True}


@pytest.mark.parametrize("whole", [{"phone": "1"}, ["1"], ("1",)])
def test_a_list_or_an_object_never_leaves_whole(whole):
    assert "name" not in disclose("object", {"name": whole}, mask=plain)


def test_no_class_was_given_away_by_mistake():
    for table in DISCLOSURE.values():
        for name in NEVER & set(table):
            assert table[name] in (Level.INTERNAL, Level.SECRET)


@pytest.mark.parametrize(
    ("model", "type_"),
    [(Task, "task"), (InspectionObject, "object"), (Organisation, "organisation")],
)
def test_public_fields_of_a_table_exist(model, type_):
    public = {name for name, level in DISCLOSURE[type_].items() if level is Level.PUBLIC}
    assert public <= set(model.__table__.columns.keys())
