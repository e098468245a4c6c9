"""Where the luck comes from (随机性): witnesses' shares, committed to before; dice, rolled last."""

import re
from collections.abc import Iterator, Sequence
from hmac import compare_digest
from typing import Any

from draw.canonical import canonical
from draw.faults import Fault, refuse, refuse_any
from draw.hashing import digest
from draw.shapes import CODE, HEX, HEX_OR_NULL, LIST, TEXT, misshapen, repeated

Share = dict[str, Any]  # {witness, commitment, reveal: hex | null}
MIN_DICE = 20
_DIGITS = re.compile(r"[0-9]*")
_SHARE = {"witness": CODE, "commitment": HEX, "reveal": HEX_OR_NULL}
_ENTROPY = {"dice": TEXT, "beacon": HEX_OR_NULL, "shares": LIST}


def share_commitment(reveal: bytes, witness: str) -> bytes:
    """What a witness (见证人) hands in beforehand: 32 bytes that bind the 32 they keep."""
    return digest("share", reveal, witness.encode())


def reveal_share(shares: Sequence[Share], witness: str, reveal: str) -> list[Share]:
    """The shares with one opened (揭示), as hex. Raises Refused if it does not match its
    commitment; a share that nobody opens stays as it is, and its commitment stands in."""
    opened = [{**share, "reveal": reveal} for share in shares if share["witness"] == witness]
    if not opened:
        raise refuse("witness_unknown", "entropy.shares", None, witness)
    refuse_any(entropy_faults({"dice": "0" * MIN_DICE, "beacon": None, "shares": opened}))
    return [*(opened[0] if share["witness"] == witness else share for share in shares)]


def committed_shares(shares: Sequence[Share]) -> bytes:
    """The shares as the commitment covers them: witness and commitment, in their order."""
    bare = [{"witness": each["witness"], "commitment": each["commitment"]} for each in shares]
    return canonical(bare, "entropy.shares")


def share_value(share: Share) -> bytes:
    """What a share gives to the seed, 32 bytes: its reveal, or its commitment without one."""
    return bytes.fromhex(share["reveal"] or share["commitment"])


def seed_of(commitment: bytes, entropy: dict[str, Any]) -> bytes:
    """The seed (种子), 32 bytes, from checked entropy."""
    values = sorted(map(share_value, entropy["shares"]))
    beacon = bytes.fromhex(entropy["beacon"] or "")
    return digest("seed", commitment, entropy["dice"].encode(), beacon, *values)


def shares_faults(shares: Any, path: str = "entropy.shares") -> Iterator[Fault]:
    """What is wrong with the witnesses' shares."""
    faults = [
        fault
        for index, share in enumerate(shares)
        for fault in misshapen(share, f"{path}[{index}]", _SHARE)
    ]
    yield from faults
    if not faults:
        yield from repeated(
            [share["witness"] for share in shares], "repeated_witness", path, ".witness"
        )
        for index, share in enumerate(shares):
            if share["reveal"] is not None and not _opens(share):
                yield Fault("share_does_not_open", f"{path}[{index}].reveal", share["commitment"])


def _opens(share: Share) -> bool:
    computed = share_commitment(bytes.fromhex(share["reveal"]), share["witness"])
    return compare_digest(computed.hex(), share["commitment"])


def entropy_faults(entropy: Any) -> Iterator[Fault]:
    """What is wrong with the entropy of a bundle."""
    faults = list(misshapen(entropy, "entropy", _ENTROPY))
    yield from faults
    if not faults:
        yield from dice_faults(entropy["dice"])
        yield from shares_faults(entropy["shares"])


def dice_faults(dice: str) -> Iterator[Fault]:
    """What is wrong with the dice (骰子): a text of at least 20 ASCII digits."""
    if not _DIGITS.fullmatch(dice):
        yield Fault("dice_not_digits", "entropy.dice", "digits 0 to 9", dice)
    elif len(dice) < MIN_DICE:
        yield Fault("dice_too_short", "entropy.dice", f"at least {MIN_DICE}", len(dice))
