"""Where the bytes of photos lie (照片文件): one folder each below DATA_DIR."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from media.derivatives import Derivatives
from media.small import SIZES
from media.store import LocalStore, Store
from media.uploads import Uploads


@dataclass(frozen=True, kw_only=True)
class MediaStores:
    """Unfinished uploads; originals; what makes no photo but is kept for a person; derivatives by
    their kind."""

    uploads: Uploads
    originals: Store
    quarantine: Store
    derivatives: Mapping[str, Derivatives]

    @classmethod
    def in_folder(cls, data_dir: Path) -> "MediaStores":
        """All of them on the local disk; the folders are made where they lack."""
        return cls(
            uploads=Uploads(data_dir / "uploads"),
            originals=LocalStore(data_dir / "originals"),
            quarantine=LocalStore(data_dir / "quarantine"),
            derivatives={
                size.name: Derivatives(data_dir / "derivatives" / size.name) for size in SIZES
            },
        )
