"""The synced types and, beside each field, the policy that settles it. Declared once, here."""

from sync.policies import Field

LWW = Field("lww")
UNION = Field("union")
#: devices by their ids: which of a device's ops told of its clock first is chance
FLAGS = Field("union", graver=str)
APPEND = Field("append")
ONCE = Field("immutable")
SERVER = Field("server")
REVIEW = Field("review")

#: 程度, least to gravest
SEVERITIES = ("minor", "moderate", "serious", "critical")
#: 处理, least to gravest: 口头责令、立即改正、限期改正、临时查封、立案、移送
ACTIONS = (
    "none",
    "oral_order",
    "immediate_correction",
    "term_correction",
    "temporary_seal",
    "case_filed",
    "transferred",
)
#: what an answer may say, least to gravest; other texts and numbers have no gravity
VERDICTS = ("not_applicable", "yes", "pass", "no", "fail")
TASK_STATUSES = ("draft", "assigned", "in_progress", "submitted", "reviewed", "closed")
FINDING_STATUSES = ("open", "rectified", "verified")
FINDING_KINDS = ("hazard", "register")
PHOTO_PARENTS = ("finding", "answer", "record")
PHOTO_KINDS = ("evidence", "overview", "signature", "document")


def _earliest_is_graver(day: str) -> list[int]:
    """ISO dates: the sooner the term ends, the graver."""
    return [-ord(sign) for sign in day]


EXISTS = "_exists"
#: delete against edit is for a person to settle; what was written stands meanwhile
EXISTENCE = Field("review", order=(False, True))

RECORD_TEXTS = (
    "unit_name",
    "address",
    "legal_representative",
    "legal_representative_phone",
    "safety_responsible",
    "safety_responsible_phone",
    "safety_manager",
    "safety_manager_phone",
    "accompanied_by",
    "accompany_refusal",
    "structure",
    "section_legality",
    "section_management",
    "section_construction",
    "section_evacuation",
    "section_control_room",
    "section_facilities",
    "section_hazardous",
)

FIELDS: dict[str, dict[str, Field]] = {
    "task": {
        "status": Field("monotonic", order=TASK_STATUSES),
        "started_at": LWW,
        "finished_at": LWW,
    },
    "record": {
        **dict.fromkeys(RECORD_TEXTS, LWW),
        "task_id": ONCE,
        "started_at": LWW,
        "finished_at": LWW,
        "storeys": LWW,
        "area_m2": LWW,
        "height_m": LWW,
        "outcome": Field("review", order=ACTIONS),
        "notes": APPEND,
        "tags": UNION,
        "photos": UNION,
        "clock_flags": FLAGS,
    },
    "answer": {
        "task_id": ONCE,
        "item_code": ONCE,
        "value": Field("review", order=VERDICTS),
        "measured": LWW,
        "notes": APPEND,
        "photos": UNION,
        "answered_at": LWW,
    },
    "finding": {
        "task_id": ONCE,
        "kind": ONCE,
        "item_code": LWW,
        "title": LWW,
        "description": LWW,
        "location": LWW,
        "quantity": LWW,
        "severity": Field("max", order=SEVERITIES),
        "action": Field("review", order=ACTIONS),
        "term_until": Field("review", graver=_earliest_is_graver),
        "legal_basis": REVIEW,
        "found_at": LWW,
        "status": Field("monotonic", order=FINDING_STATUSES),
        "tags": UNION,
        "photos": UNION,
        "notes": APPEND,
        "register_field": LWW,
        "register_value": LWW,
        "office_term": SERVER,
    },
    "photo": {
        **dict.fromkeys(
            (
                "task_id",
                "of_type",
                "of_id",
                "kind",
                "sha256",
                "size_bytes",
                "filename",
                "media_type",
                "taken_at",
                "latitude",
                "longitude",
                "accuracy_m",
            ),
            ONCE,
        ),
        "lost": LWW,  # why it can never come; asked for here, approved by the office
        "state": SERVER,
        "by": SERVER,
        "device": SERVER,
        "lost_request": SERVER,
        "lost_reason": SERVER,
        "deletion": SERVER,
    },
}

#: what a device may create, and what it may delete
CREATABLE = frozenset({"record", "answer", "finding", "photo"})
DELETABLE = frozenset({"answer", "finding"})
#: types whose id says which task they belong to, so that a patch needs no create before it
IMPLIED = frozenset({"record", "answer"})


def task_of(type_: str, id_: str) -> str | None:
    """The task that an id names: a record's is its own, an answer's stands before the item code.

    Item codes contain dots (`1.2`), task ids made by the server do not.
    """
    if type_ in ("task", "record"):
        return id_
    if type_ == "answer":
        task_id, dot, item = id_.partition(".")
        return task_id if dot and item else None
    return None
