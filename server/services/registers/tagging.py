"""One tag put on, or taken off, many objects at once (分类标注, N16).

What an act changed is remembered object by object, so that its inverse touches those and no other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, text
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import InspectionObject, TagAct
from server.models.base import UtcDateTime
from server.services.audit.acts import record_act
from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.registers.object_documents import tell_devices
from server.services.registers.objects import chosen, has_tag
from server.services.scope import Actor, organisation_in_scope, own_organisation


def preview_tag(
    session: Session, *, actor: Actor, tag: str, act: str, which: Mapping[str, Any]
) -> dict[str, int]:
    """How many objects are chosen, and how many of them would change. Raises as `tag_objects`."""
    query = _which(session, actor, which)
    changing = _changing(session, query, tag=tag, act=act)
    return {
        "chosen": session.scalar(select(func.count()).select_from(query.subquery())) or 0,
        "changing": session.scalar(
            select(func.count()).select_from(changing.subquery()), {"tag": tag}
        )
        or 0,
    }


def tag_objects(
    session: Session, *, actor: Actor, tag: str, act: str, which: Mapping[str, Any], now: datetime
) -> TagAct:
    """Put a tag on (`add`) or take it off (`remove`) the objects that `which` names: `filter` (as
    for lists), or `keys` (ids or credit codes). Raises `not_found` for a filter's organisation."""
    done = _new_act(session, actor, tag, act, undoes=None, now=now)
    session.add(done)
    session.flush()
    query = _changing(session, _which(session, actor, which), tag=tag, act=act)
    columns: Any = query.with_only_columns(bindparam("act_id", done.id), InspectionObject.id)
    table = TagAct.metadata.tables["tag_changes"]
    session.execute(table.insert().from_select(["act_id", "object_id"], columns), {"tag": tag})
    _apply(session, done, now)
    _finish(session, actor, done, which, now)
    return done


def undo_tag_act(session: Session, *, actor: Actor, act_id: str, now: datetime) -> TagAct:
    """The inverse act, on exactly the objects that were changed. Raises `not_found`,
    `tag_act_undone`."""
    first = session.get(TagAct, act_id, with_for_update=True)
    if first is None:
        raise DomainError("not_found")
    organisation_in_scope(session, actor=actor, organisation_id=first.organisation_id)
    if session.scalar(select(TagAct.id).where(TagAct.undoes == act_id)):
        raise DomainError("tag_act_undone")
    inverse = "remove" if first.act == "add" else "add"
    done = _new_act(session, actor, first.tag, inverse, undoes=act_id, now=now)
    session.add(done)
    session.flush()
    condition = has_tag(session) if inverse == "remove" else f"NOT {has_tag(session)}"
    session.execute(
        text(
            "INSERT INTO tag_changes (act_id, object_id) SELECT :new, c.object_id "
            f"FROM tag_changes c JOIN objects ON objects.id = c.object_id "
            f"WHERE c.act_id = :old AND {condition}"
        ),
        {"new": done.id, "old": act_id, "tag": first.tag},
    )
    _apply(session, done, now)
    _finish(session, actor, done, {"undoes": act_id}, now)
    return done


def list_tag_acts(
    session: Session, *, actor: Actor, after: str | None, limit: int
) -> Sequence[TagAct]:
    """The tag acts of one's organisation, by id; one more than `limit`."""
    query = (
        select(TagAct)
        .where(TagAct.organisation_id == own_organisation(session, actor).id)
        .order_by(TagAct.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(TagAct.id > after)
    return session.scalars(query).all()


def _new_act(
    session: Session, actor: Actor, tag: str, act: str, *, undoes: str | None, now: datetime
) -> TagAct:
    return TagAct(
        id=new_id(), organisation_id=own_organisation(session, actor).id, tag=tag, act=act,
        objects_count=0, done_by=actor.user_id, done_at=now, undoes=undoes,
    )  # fmt: skip


def _which(session: Session, actor: Actor, which: Mapping[str, Any]) -> Select[InspectionObject]:
    query = chosen(session, actor=actor, filters=which.get("filter", {}))
    if "keys" in which:
        keys = ids_from_json(session)
        named = text(f"(objects.id IN {keys} OR objects.credit_code IN {keys})")
        query = query.where(named.bindparams(ids=as_json(which["keys"])))
    return query


def _changing(
    session: Session, query: Select[InspectionObject], *, tag: str, act: str
) -> Select[InspectionObject]:
    """Those that do not have the tag already, or have it to lose."""
    condition = has_tag(session) if act == "remove" else f"NOT {has_tag(session)}"
    return query.where(text(condition)).params(tag=tag)


def _apply(session: Session, done: TagAct, now: datetime) -> None:
    """Change the objects of the act, in one statement; imports leave their tags alone from now."""
    tags, edited = _SQLITE[done.act] if is_sqlite(session) else _POSTGRESQL[done.act]
    condition = has_tag(session) if done.act == "remove" else f"NOT {has_tag(session)}"
    session.execute(
        text(
            f"UPDATE objects SET tags = {tags}, edited_fields = {edited}, updated_at = :now "
            "WHERE id IN (SELECT object_id FROM tag_changes WHERE act_id = :act_id) "
            f"AND {condition}"
        ).bindparams(bindparam("now", type_=UtcDateTime)),
        {"act_id": done.id, "tag": done.tag, "now": now},
    )


def _finish(
    session: Session, actor: Actor, done: TagAct, which: Mapping[str, Any], now: datetime
) -> None:
    ids = session.scalars(
        text("SELECT object_id FROM tag_changes WHERE act_id = :id ORDER BY object_id"),
        {"id": done.id},
    ).all()
    done.objects_count = len(ids)
    named = dict(which)
    if "keys" in named:
        named["keys"] = len(named["keys"])
    record_act(
        session, actor=actor, action="objects_tagged", target_type="tag_act", target_id=done.id,
        after={"tag": done.tag, "act": done.act, "objects": len(ids), **named}, now=now,
    )  # fmt: skip
    held = session.scalars(
        text(
            "SELECT d.id FROM documents d JOIN tag_changes c ON c.object_id = d.id "
            "WHERE d.type = 'object' AND c.act_id = :id ORDER BY d.id"
        ),
        {"id": done.id},
    ).all()
    if held:
        session.expire_all()
        tell_devices(session, held, now=now)


_EDITED_SQLITE = (
    "(SELECT json_group_array(value) FROM (SELECT value FROM json_each(objects.edited_fields) "
    "UNION SELECT 'tags' ORDER BY value))"
)
_EDITED_POSTGRESQL = (
    "CASE WHEN edited_fields @> '[\"tags\"]' THEN edited_fields "
    "ELSE edited_fields || '[\"tags\"]' END"
)
#: new `tags` and new `edited_fields`
_SQLITE = {
    "add": ("json_insert(objects.tags, '$[#]', :tag)", _EDITED_SQLITE),
    "remove": (
        "(SELECT json_group_array(value) FROM json_each(objects.tags) WHERE value <> :tag)",
        _EDITED_SQLITE,
    ),
}
_POSTGRESQL = {
    "add": ("objects.tags || jsonb_build_array(CAST(:tag AS text))", _EDITED_POSTGRESQL),
    "remove": ("objects.tags - CAST(:tag AS text)", _EDITED_POSTGRESQL),
}
