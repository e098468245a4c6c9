"""Verify an evidence package (证据包) offline: its files, its chains of custody, their anchors.

    python3 verify.py                 in the unpacked folder
    python3 verify.py PACKAGE.zip     without unpacking it

This one file needs nothing but Python 3.8 or later. It exits with 0 if everything holds, else with
1, and names every fault. A verifier that came in the package which it verifies proves little: take
this file from the project, or write your own; docs/evidence/custody.md describes the format.

    digest(0) = SHA-256( "suijian-custody-1" ‖ LF ‖ photo id )
    digest(n) = SHA-256( digest(n-1) ‖ canonical JSON of event n )
    leaf      = SHA-256( 0x00 ‖ canonical JSON of a head ),  node = SHA-256( 0x01 ‖ left ‖ right )
                                                              (RFC 6962, section 2.1)
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

FORMAT = "suijian-evidence"
VERSION = 1
MANIFEST, SUMS, RECORD, PROOFS = "manifest.json", "SHA256SUMS", "record.json", "anchors/proofs.json"
ANCHOR_FORMAT = "suijian-anchor"
BLOCK_BYTES = 1 << 20

#: every fault has a stable name; the Chinese says what it means
FAULTS = {
    "package-unreadable": "不是证据包，或文件已损坏",
    "manifest-unreadable": "清单缺失、无法读取，或不是本程序认识的版本",
    "manifest-changed": "清单与 SHA256SUMS 不符",
    "sums-changed": "SHA256SUMS 与清单不符",
    "member-missing": "清单中的文件不在包内",
    "member-unknown": "包内有清单之外的文件",
    "member-twice": "同名文件出现两次",
    "member-packed": "文件被压缩，原包从不压缩",
    "member-changed": "文件内容与清单的摘要或长度不符",
    "member-unreadable": "文件内容不是应有的格式",
    "chain-missing": "照片没有保管链",
    "chain-broken": "保管链在此处断开：事件被改动、删除、插入或调换",
    "photo-missing": "已核验的照片没有原件",
    "photo-contradicts": "照片原件与保管链所载摘要不符",
    "anchor-broken": "锚定文件与前一日的锚定文件不衔接",
    "anchor-unproven": "保管链的链头不在锚定文件之中",
}


class Fault(NamedTuple):
    """What does not hold: a key of `FAULTS`, the member of the package, and where in it."""

    name: str
    member: str
    where: str = ""

    def __str__(self) -> str:
        place = f"（{self.where}）" if self.where else ""
        return f"{self.name}  {self.member}{place}：{FAULTS[self.name]}"


# -- chains ------------------------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """The one way in which a JSON value is written as bytes: UTF-8, keys sorted, no blanks."""
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    )
    return text.encode("utf-8")


def genesis(photo_id: str) -> str:
    """digest(0): where the chain of this photo, and of no other, begins."""
    return hashlib.sha256(f"suijian-custody-1\n{photo_id}".encode()).hexdigest()


def follow(previous: str, event: Mapping[str, Any]) -> str:
    """The digest that follows `previous` (both 64 hexadecimal digits) over one event."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical(event)).hexdigest()


def broken_at(photo_id: str, links: Iterable[tuple[Mapping[str, Any], str]]) -> int | None:
    """The position, from 1, of the first link (event, digest) that does not follow from those
    before it; None if all do."""
    digest = genesis(photo_id)
    for position, (event, stated) in enumerate(links, start=1):
        try:
            digest = follow(digest, event)
        except ValueError:  # NaN, or half of a pair of surrogates: no JSON that was ever sealed
            return position
        if digest != stated or event.get("photo_id") != photo_id:
            return position
    return None


# -- trees -------------------------------------------------------------------------------------


def head_line(photo_id: str, position: int, digest: str) -> bytes:
    """A head as it stands in an anchor: the entry of a leaf, and a line of the anchor's list."""
    return canonical({"digest": digest, "photo_id": photo_id, "position": position})


def leaf_digest(entry: bytes) -> bytes:
    """RFC 6962: the hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    """RFC 6962: the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by_path(entry: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root of the tree of `size` leaves whose leaf `index` is `entry`, as the path says it;
    None if no such tree has that path (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    place, last, digest = index, size - 1, leaf_digest(entry)
    for other in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            digest = node_digest(other, digest)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            digest = node_digest(digest, other)
        place, last = place >> 1, last >> 1
    return digest if last == 0 else None


# -- the package as a folder or as a ZIP -------------------------------------------------------


class Members:
    """The members of a package by name; `faults` are those of the container itself."""

    def __init__(self, names: Iterable[str], opened: Callable[[str], IO[bytes]]) -> None:
        self.names = sorted(names)
        self.faults: list[Fault] = []
        self._opened = opened

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content of a member. Raises OSError, BadZipFile."""
        try:
            with self._opened(name) as stream:
                while block := stream.read(BLOCK_BYTES):
                    yield block
        except (RuntimeError, EOFError) as fault:  # a ZIP that says it is encrypted, or ends early
            raise zipfile.BadZipFile(str(fault)) from fault

    def json(self, name: str) -> Any:
        """The content of a member, parsed. Raises ValueError, whatever is wrong with it."""
        try:
            return json.loads(b"".join(self.blocks(name)))
        except (OSError, KeyError, zipfile.BadZipFile, RecursionError) as fault:
            raise ValueError(str(fault)) from fault


def in_folder(folder: Path) -> Members:
    """The members of a package that was unpacked."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    names = [path.relative_to(folder).as_posix() for path in files]
    return Members(names, lambda name: (folder / name).open("rb"))


def in_zip(archive: zipfile.ZipFile) -> Members:
    """The members of a package as it was exported."""
    infos = archive.infolist()
    members = Members({info.filename for info in infos}, archive.open)
    seen: set[str] = set()
    for info in infos:
        if info.filename in seen:
            members.faults.append(Fault("member-twice", info.filename))
        if info.compress_type != zipfile.ZIP_STORED:
            members.faults.append(Fault("member-packed", info.filename))
        seen.add(info.filename)
    return members


# -- the checks --------------------------------------------------------------------------------


class Verified(NamedTuple):
    """What was found: the faults, and figures for the reader."""

    faults: list[Fault]
    members: int = 0
    photos: int = 0
    anchored: int = 0
    manifest_sha256: str = ""


def verify(members: Members) -> Verified:
    """Check everything in a package. Nothing is unpacked or written."""
    if members.faults:
        return Verified(members.faults)
    try:
        listed = _listed(members)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Verified([Fault("manifest-unreadable", MANIFEST)])
    sha256 = hashlib.sha256(b"".join(members.blocks(MANIFEST))).hexdigest()
    faults = list(_files(members, listed, sha256))
    if faults:  # what was changed is not looked into any further
        return Verified(faults, len(listed), manifest_sha256=sha256)
    chains = _Chains(members, listed)
    faults = [*chains.broken(), *chains.contradicting(), *chains.unanchored()]
    return Verified(faults, len(listed), len(chains.links), len(chains.proofs), sha256)


def _listed(members: Members) -> dict[str, dict[str, Any]]:
    """What the manifest says of each member. Raises whatever a manifest of somebody else brings."""
    manifest = members.json(MANIFEST)
    if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
        raise ValueError(manifest["format"])
    return {
        name: {"sha256": str(said["sha256"]), "size_bytes": int(said["size_bytes"])}
        for name, said in manifest["members"].items()
    }


def _files(members: Members, listed: Mapping[str, Any], manifest_sha256: str) -> Iterator[Fault]:
    """Every member is what the manifest says, and the manifest is what SHA256SUMS says."""
    there = set(members.names)
    yield from (Fault("member-missing", name) for name in sorted({*listed, SUMS} - there))
    yield from (Fault("member-unknown", name) for name in sorted(there - {*listed, SUMS, MANIFEST}))
    for name in sorted(there & set(listed)):
        if _measure(members, name) != (listed[name]["sha256"], listed[name]["size_bytes"]):
            yield Fault("member-changed", name)
    if SUMS in there:
        yield from _sums(members, listed, manifest_sha256)


def _sums(members: Members, listed: Mapping[str, Any], manifest_sha256: str) -> Iterator[Fault]:
    try:
        stated = b"".join(members.blocks(SUMS))
    except (OSError, zipfile.BadZipFile):
        stated = b""
    if stated == sums_text(listed, manifest_sha256):
        return
    manifest_line = f"{manifest_sha256}  {MANIFEST}\n".encode()
    if manifest_line not in stated:
        yield Fault("manifest-changed", MANIFEST)
    else:
        yield Fault("sums-changed", SUMS)


def sums_text(listed: Mapping[str, Mapping[str, Any]], manifest_sha256: str) -> bytes:
    """What `sha256sum -c` reads: one line for every member but itself."""
    digests = {name: said["sha256"] for name, said in listed.items()}
    digests[MANIFEST] = manifest_sha256
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def _measure(members: Members, name: str) -> tuple[str, int]:
    """sha256 and size; nothing that could be right for what cannot be read."""
    hasher, size = hashlib.sha256(), 0
    try:
        for block in members.blocks(name):
            hasher.update(block)
            size += len(block)
    except (OSError, zipfile.BadZipFile):
        return "", -1
    return hasher.hexdigest(), size


class _Chains:
    """The chains of a package, what they say of its photos, and where they are anchored."""

    def __init__(self, members: Members, listed: Mapping[str, Any]) -> None:
        self._members, self._listed = members, listed
        self._unread: list[Fault] = []
        self.links: dict[str, list[tuple[dict[str, Any], str]]] = {}
        for name in listed:
            folder, _, file = name.partition("/")
            if folder == "custody":
                self.links[file[: -len(".json")]] = self._read(name, _links, [])
        self._states: dict[str, Any] = self._read(RECORD, _states, {})
        self.proofs: dict[str, Any] = self._read(PROOFS, _proofs, {})
        self._anchors = [
            (name, self._read(name, _anchor, None))
            for name in sorted(listed)
            if name.startswith("anchors/") and name != PROOFS
        ]

    def _read(self, name: str, part: Callable[[Any], Any], otherwise: Any) -> Any:
        try:
            return part(self._members.json(name))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._unread.append(Fault("member-unreadable", name))
            return otherwise

    def broken(self) -> Iterator[Fault]:
        """Members that are no JSON of ours; chains with a link that does not follow."""
        yield from self._unread
        for photo_id, links in self.links.items():
            position = broken_at(photo_id, links) if links else 1
            if position is not None:
                yield Fault("chain-broken", f"custody/{photo_id}.json", f"第 {position} 个事件")

    def contradicting(self) -> Iterator[Fault]:
        """Photos of the record without a chain, without their file, or with another's."""
        files = {
            name.partition("/")[2].rpartition(".")[0]: said["sha256"]
            for name, said in self._listed.items()
            if name.startswith("photos/")
        }
        for photo_id in sorted({*self._states, *files}):
            if photo_id not in self.links:
                yield Fault("chain-missing", f"custody/{photo_id}.json")
                continue
            proven = last_sha256(self.links[photo_id], "verified")
            gone = proven is not None and last_sha256(self.links[photo_id], "deleted") == proven
            if photo_id in files and files[photo_id] != proven:
                yield Fault("photo-contradicts", f"photos/{photo_id}")
            elif photo_id not in files and self._states[photo_id] == "verified" and not gone:
                yield Fault("photo-missing", f"photos/{photo_id}")

    def unanchored(self) -> Iterator[Fault]:
        """Anchors that do not follow each other; heads that are not in theirs."""
        before: dict[str, Any] | None = None
        proven: dict[str, Any] = {}
        for name, anchor in self._anchors:
            if anchor is None or before not in (None, anchor.get("previous")):
                yield Fault("anchor-broken", name)
                continue
            proven[anchor["day"]] = anchor
            before = {"day": anchor["day"], "sha256": self._listed[name]["sha256"]}
        for photo_id, proof in self.proofs.items():
            if not _proves(proof, photo_id, self.links.get(photo_id, []), proven):
                yield Fault("anchor-unproven", PROOFS, photo_id)


def _links(said: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    return [(dict(link["event"]), str(link["digest"])) for link in said["links"]]


def _states(said: Mapping[str, Any]) -> dict[str, Any]:
    return {str(each["id"]): each["data"].get("state") for each in said["photos"]["items"]}


def _proofs(said: Mapping[str, Any]) -> dict[str, Any]:
    return dict(said.items())


def _anchor(said: Mapping[str, Any]) -> dict[str, Any]:
    if said["format"] != ANCHOR_FORMAT or not said["heads"]["root"]:
        raise ValueError(said["format"])
    return {**said, "day": str(said["day"])}


def last_sha256(links: Sequence[tuple[Mapping[str, Any], str]], kind: str) -> str | None:
    """The digest of the bytes in the last event of a kind ("" where it names none)."""
    for event, _ in reversed(links):
        if event.get("kind") == kind:
            details = event.get("details")
            return str(details.get("sha256", "")) if isinstance(details, dict) else ""
    return None


def _proves(
    proof: Any, photo_id: str, links: Sequence[tuple[Any, str]], anchors: Mapping[str, Any]
) -> bool:
    """Whether the head that the proof speaks of is in the chain, and in the anchor of its day."""
    try:
        position, heads = proof["position"], anchors[proof["day"]]["heads"]
        entry = head_line(photo_id, position, links[position - 1][1])
        path = [bytes.fromhex(each) for each in proof["path"]]
        root = root_by_path(entry, proof["index"], heads["count"], path)
        return position >= 1 and root is not None and root.hex() == heads["root"]
    except (KeyError, IndexError, TypeError, ValueError):
        return False


# -- the command -------------------------------------------------------------------------------


def verify_path(path: Path) -> Verified:
    """Verify a package, unpacked or not."""
    try:
        if path.is_dir():
            return verify(in_folder(path))
        with zipfile.ZipFile(path) as archive:
            return verify(in_zip(archive))
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return Verified([Fault("package-unreadable", str(path))])


def report(found: Verified) -> str:
    """What a person reads."""
    if found.faults:
        return "\n".join([*map(str, found.faults), f"共 {len(found.faults)} 处不符。"])
    return (
        f"完好：{found.members} 个文件，{found.photos} 条保管链，其中 {found.anchored} 条已锚定。\n"
        f"manifest.json 的 sha256：{found.manifest_sha256}\n"
        "请与导出机关审计记录（evidence.export）中的摘要核对。"
    )


def main(arguments: Sequence[str]) -> int:
    """Verify what is named, or the folder in which this file lies; gives the exit code."""
    found = verify_path(Path(arguments[0]) if arguments else Path(__file__).resolve().parent)
    print(report(found))
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
