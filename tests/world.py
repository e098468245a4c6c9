"""A small invented world, made through the models, for tests that need people and objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import argon2
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.auth import issue_access_token
from server.clock import china_date, now
from server.models import (
    Base,
    Checklist,
    Device,
    InspectionObject,
    Officer,
    Organisation,
    User,
)
from server.parts import parts_of
from server.services.scope import Actor, load_actor
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from server.services.tasks.frequency import FrequencyRules
from server.services.tasks.tasks import NewTask, create_task

PASSWORD = "correct horse battery staple"
#: cheap on purpose: the tests log in often, and argon2's cost is the library's to prove
HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PASSWORD_HASH = HASHER.hash(PASSWORD)
BORN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

CHECKLIST_ITEMS: list[dict[str, Any]] = [
    {
        "code": f"1.{number}",
        "section": "消防设施",
        "text": text,
        "legal_basis": "《消防监督检查规定》第十条",
        "answer_kind": "verdict",
        "options": [],
        "guidance": "",
        "required": number == 1,
        "requires_photo_when": ["fail"] if number == 1 else [],
        "requires_note_when": ["fail"] if number == 2 else [],
    }
    for number, text in enumerate(("灭火器配置", "疏散通道畅通", "应急照明"), start=1)
]


@dataclass
class Caller:
    """Someone with an account, a device and a token, who calls the API."""

    http: FlaskClient
    user_id: str
    officer_id: str | None
    device_id: str
    token: str

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """One request under this person's token, `/api/v1` understood."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return self.http.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.call("POST", path, json=json, **kwargs)

    def push(
        self, *ops: Mapping[str, Any], device_time: Any = None, pending: Any = None
    ) -> list[dict[str, Any]]:
        """Push ops and give back their results; any other answer than 200 fails the test."""
        body = {"device_time": device_time, "schema_version": 1, "ops": list(ops)}
        if pending is not None:
            body["pending"] = pending
        answer = self.post("/sync/push", body)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.get_json()["results"]
        return results

    def pull(self, cursor: str | None = None, limit: int = 500) -> dict[str, Any]:
        """One page of changes."""
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        answer = self.get("/sync/changes", query_string=query)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.get_json()
        return page


def _organisations() -> list[Organisation]:
    return [
        Organisation(
            id=org_id, name=name, kind=kind, division_code=code, parent_id=parent, path=path
        )
        for org_id, name, kind, code, parent, path in (
            ("corps", "内蒙古总队", "corps", "150000", None, "/corps/"),
            ("det", "呼和浩特支队", "detachment", "150100", "corps", "/corps/det/"),
            ("brig-a", "新城大队", "brigade", "150102", "det", "/corps/det/brig-a/"),
            ("brig-b", "回民大队", "brigade", "150103", "det", "/corps/det/brig-b/"),
        )
    ]


def _checklist() -> Checklist:
    return Checklist(
        id="list-1", code="short", version=1, title="小场所检查表", kind="small",
        items=CHECKLIST_ITEMS, digest="-", organisation_id="corps", created_at=BORN,
    )  # fmt: skip


#: who points to whom: rows of the later ones name rows of the earlier
IN_ORDER = (Organisation, Checklist, Officer, User, Device)


class World:
    """Corps → one detachment → two brigades; in each officers, a supervisor and objects."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.parts = parts_of(app)
        self._count = 0
        self._founding: list[Base] | None = [*_organisations(), _checklist()]
        self.lead = self.officer("lead")
        self.assistant = self.officer("assistant")
        self.supervisor = self.account("supervisor", role="supervisor")
        self.admin = self.account("admin", role="admin", organisation="corps")
        self.auditor = self.account("auditor", role="auditor", organisation="det")
        self.outsider = self.officer("outsider", organisation="brig-b")
        self.other_supervisor = self.account("other-sup", role="supervisor", organisation="brig-b")
        founding, self._founding = self._founding, None
        self._save(*founding)

    def officer(self, name: str, *, organisation: str = "brig-a", **facts: Any) -> Caller:
        """An officer with a valid certificate, an account, a device and a token."""
        values = {
            "certificate_number": f"C-{name}",
            "certificate_expires_on": date.today() + timedelta(days=365),
            "post": "专职消防监督员",
            "lead_qualified": True,
            **facts,
        }
        self._save(Officer(id=f"o-{name}", organisation_id=organisation, name=name, **values))
        return self.account(name, officer_id=f"o-{name}", organisation=organisation)

    def account(
        self,
        name: str,
        *,
        role: str = "officer",
        organisation: str = "brig-a",
        officer_id: str | None = None,
    ) -> Caller:
        """An account with one device and a token for it; the password is `PASSWORD`."""
        self._save(
            User(
                id=f"u-{name}", username=name, password_hash=PASSWORD_HASH, name=name,
                role=role, organisation_id=organisation, officer_id=officer_id,
                created_at=BORN,
            )
        )  # fmt: skip
        return self.device(f"u-{name}", officer_id=officer_id, name=f"d-{name}")

    def device(self, user_id: str, *, officer_id: str | None, name: str) -> Caller:
        """A further device of an account."""
        self._save(Device(id=name, user_id=user_id, name=name, platform="test", created_at=BORN))
        token = issue_access_token(
            secret=self.parts.settings.secret_key, user_id=user_id, device_id=name,
            now=now(), minutes=60,
        )  # fmt: skip
        return Caller(self.app.test_client(), user_id, officer_id, name, token)

    def _save(self, *rows: Base) -> None:
        """Add rows, those first to which others point; at the world's founding, all at its end."""
        if self._founding is not None:
            self._founding.extend(rows)
            return
        with self.parts.database.write() as session:
            for model in IN_ORDER:
                session.add_all(row for row in rows if isinstance(row, model))
                session.flush()

    def object(self, *, organisation: str = "brig-a", **facts: Any) -> str:
        """A new inspection object; gives its id."""
        self._count += 1
        object_id = facts.pop("id", f"obj-{self._count}")
        values = {
            "name": f"第{self._count}小吃店",
            "kind": "small",
            "address": "新城区中山东路1号",
            "division_code": "150102",
            **facts,
        }
        with self.parts.database.write() as session:
            session.add(
                InspectionObject(
                    id=object_id, organisation_id=organisation, source="test",
                    source_key=object_id, updated_at=BORN, **values,
                )
            )  # fmt: skip
        return object_id

    def actor(self, caller: Caller) -> Actor:
        """The person as services know them."""
        with self.parts.database.read() as session:
            return load_actor(
                session, user_id=caller.user_id, device_id=caller.device_id, request_id="test"
            )

    def task(
        self,
        *,
        lead: Caller | None = None,
        assistant: Caller | None = None,
        supervisor: Caller | None = None,
        object_id: str | None = None,
        origin: str = "complaint",
        checklist_id: str = "list-1",
        planned_on: date | None = None,
        moment: datetime | None = None,
    ) -> str:
        """A task made and assigned through the services; gives its id. Both officers' feeds then
        hold task, object, history and checklist."""
        moment = moment or now()
        actor = self.actor(supervisor or self.supervisor)
        object_id = object_id or self.object()
        team = [
            Post((lead or self.lead).officer_id, "lead"),
            Post((assistant or self.assistant).officer_id, "assistant"),
        ]
        asked = NewTask(
            origin=origin, source_document="举报投诉登记单〔2026〕1号", object_id=object_id,
            checklist_id=checklist_id, planned_on=planned_on or china_date(moment),
        )  # fmt: skip
        with self.parts.database.write() as session:
            task = create_task(
                session, actor=actor, asked=asked, rules=FrequencyRules(), now=moment
            )
            assign(session, actor=actor, task_id=task.id, posts=team, reason=None, now=moment)
        return task.id
