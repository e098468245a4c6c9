"""Organisation (机构): corps 总队, detachment 支队, brigade 大队, as a tree by division code."""

from sqlalchemy import ForeignKey, String, UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, MappedSQLExpression, column_property, mapped_column

from server.models.base import Base

#: where the paths of practice organisations begin; `~` stands in no id
PRACTICE = "/~practice"


class Organisation(Base):
    """A fire-rescue body. `path` is `/corps/detachment/brigade/` by ids, so that a part of the
    tree is one prefix. A practice body (演练机构, N7) has `/~practice` before it, and so has all
    below it: no part of the real tree reaches it (docs/adr/0015). Triggers keep practice as it was
    made, and the path in agreement."""

    __tablename__ = "organisations"
    __table_args__ = (
        UniqueConstraint("id", "practice"),  # what belongs to a body names both: nothing crosses
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))  # corps | detachment | brigade
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    path: Mapped[str] = mapped_column(String(300), unique=True)
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())
    responsible_person: Mapped[str | None] = mapped_column(String(100))  # 第一责任人, N45


def is_practice(path: str) -> bool:
    """Whether a path is that of practice bodies."""
    return path.startswith(f"{PRACTICE}/")


def practice_path(path: str) -> str:
    """Where the practice bodies below a path of the tree stand; of a practice path the same."""
    return path if is_practice(path) else f"{PRACTICE}{path}"


def line_of(path: str) -> list[str]:
    """The ids of a path, from the top of the tree down: a practice body, too, stands below real
    ones, whose item lists, weights, checklists and terms are its own."""
    return path.removeprefix(PRACTICE).strip("/").split("/")


def practice_of(organisation_id: Mapped[str]) -> MappedSQLExpression[bool]:
    """Whether what belongs to a body is for practice, read with the row when it is asked for."""
    of_body = select(Organisation.practice).where(Organisation.id == organisation_id)
    return column_property(of_body.correlate_except(Organisation).scalar_subquery(), deferred=True)
