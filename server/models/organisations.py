"""Organisation (机构): corps 总队, detachment 支队, brigade 大队, as a tree by division code."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class Organisation(Base):
    """A fire-rescue body. `path` is `/corps/detachment/brigade/` by ids, so that a part of the
    tree is one prefix."""

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))  # corps | detachment | brigade
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    path: Mapped[str] = mapped_column(String(300), unique=True)
    responsible_person: Mapped[str | None] = mapped_column(String(100))  # 第一责任人, N45
