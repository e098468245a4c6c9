"""What stood after each version, worked out from the history, is what the merge had made of it."""

from types import SimpleNamespace

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from server.services.conflicts.versions import FieldHistory, Version, versions_of_field
from sync.entities import EXISTS
from sync.merge import Entity, Write, apply
from sync.policies import OFFICE

DEVICES = ("phone", "tablet", OFFICE)
writes = st.lists(
    st.tuples(
        st.sampled_from(DEVICES),
        st.integers(0, 8),  # the version seen, as far as there was one
        st.integers(0, 50),  # when
        st.sampled_from(["pass", "fail", "not_applicable", None, "delete", "note"]),
    ),
    min_size=1,
    max_size=8,
)


def patch_of(said):
    return {"delete": {}, "note": {"measured": "3"}}.get(said, {"value": said})


@settings(max_examples=200, deadline=None)
@given(writes)
def test_what_stood_after_each_version_is_what_the_merge_made_of_it(said):
    entity, rows, stood = Entity("answer"), [], []
    for rev, (device, base, at, value) in enumerate(said, start=1):
        row = SimpleNamespace(
            rev=rev, device_id=device, device_n=rev, officer_id=None, effective_ms=at,
            base_rev=rev - 1 if device == OFFICE else min(base, rev - 1),
            action="delete" if value == "delete" else "patch",
            patch=orjson.dumps(patch_of(value)).decode(),
        )  # fmt: skip
        version = Version(row, None)
        apply(entity, Write(version.stamp, version.saw, row.action, patch_of(value)))
        rows.append(row)
        stood.append((entity.data.get("value"), "deleted" if entity.deleted else "kept"))
    values = FieldHistory("answer", "value", [*versions_of_field("value", rows)]).stood
    existence = FieldHistory("answer", EXISTS, [*versions_of_field(EXISTS, rows)]).stood
    last = None
    for row, (value, exists) in zip(rows, stood, strict=True):
        last = values.get(row.rev, last)
        assert (last, existence[row.rev]) == (value, exists)
