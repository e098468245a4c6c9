"""Checksums of pieces and digests of whole files."""

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.digests import CHECKSUM_ALGORITHMS, parse_checksum, parse_sha256, sha256_of
from media.errors import (
    ChecksumAlgorithmUnknown,
    ChecksumMalformed,
    ChecksumMismatch,
    DigestMalformed,
)


def header(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def test_sha1_is_offered_because_tus_demands_it_and_sha256_beside_it() -> None:
    assert CHECKSUM_ALGORITHMS == ("sha1", "sha256")


@pytest.mark.parametrize("algorithm", CHECKSUM_ALGORITHMS)
@given(data=st.binary())
def test_a_checksum_accepts_the_bytes_it_was_made_of_and_no_others(
    algorithm: str, data: bytes
) -> None:
    checksum = parse_checksum(header(algorithm, data))
    right, wrong = checksum.hasher(), checksum.hasher()
    right.update(data)
    wrong.update(data + b"!")
    checksum.check(right)
    with pytest.raises(ChecksumMismatch):
        checksum.check(wrong)


def test_the_example_of_the_tus_specification_is_read() -> None:
    checksum = parse_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")
    assert checksum.expected.hex() == "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"


@pytest.mark.parametrize("algorithm", ["md5", "crc32", "SHA1", "sha-256", "../sha1"])
def test_an_unknown_algorithm_is_refused_with_the_known_ones(algorithm: str) -> None:
    with pytest.raises(ChecksumAlgorithmUnknown) as refusal:
        parse_checksum(f"{algorithm} Kq5sNclPz7QV2+lfQIuc6R7oRu0=")
    assert refusal.value.details == {"supported": "sha1,sha256"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha1",
        "sha1 ",
        "sha1 not*base64",
        "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu",  # padding cut off
        "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",  # 20 bytes are no sha256
        "sha1 校验",
    ],
)
def test_a_malformed_checksum_is_refused(text: str) -> None:
    with pytest.raises(ChecksumMalformed):
        parse_checksum(text)


@given(st.text())
def test_any_text_at_all_is_either_a_checksum_or_a_named_error(text: str) -> None:
    try:
        parse_checksum(text)
    except (ChecksumMalformed, ChecksumAlgorithmUnknown):
        return
    assert text.strip().split(" ")[0] in CHECKSUM_ALGORITHMS


def test_a_sha256_is_taken_in_any_case_and_given_back_in_lower_case() -> None:
    assert parse_sha256("AB" * 32) == "ab" * 32


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "g" * 64, "ab" * 32 + "\n", "٣" * 64])
def test_what_is_not_64_hexadecimal_digits_is_no_sha256(text: str) -> None:
    with pytest.raises(DigestMalformed):
        parse_sha256(text)


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()
