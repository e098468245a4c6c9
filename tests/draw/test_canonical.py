"""Canonical JSON: what it writes, and what it refuses, with the place of each fault."""

import json
import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from draw.canonical import MAX_DEPTH, MAX_INTEGER, canonical, parse
from draw.faults import MAX_FAULTS, MAX_SHOWN_CHARACTERS, Refused, shown
from draw.sentences import SENTENCES
from tests.draw import plainly

TEXTS = st.text(st.characters(codec="utf-8")).map(lambda text: unicodedata.normalize("NFC", text))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-MAX_INTEGER, MAX_INTEGER), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(st.characters(max_codepoint=127)), inner)
    ),
    max_leaves=12,
)


def codes_of(refused):
    return [(fault.code, fault.path) for fault in refused.value.faults]


@given(VALUES)
def test_what_was_written_is_read_back_and_written_alike(value):
    written = canonical(value)
    assert parse(written) == value
    assert canonical(parse(json.dumps(value, indent=2).encode())) == written
    assert written == plainly.canonical(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": 2, "A": 3, "": 4}, b'{"":4,"A":3,"a":2,"b":1}'),
        ('"\\\b\t\n\f\r\x00\x1f\x7f/', rb'"\"\\\b\t\n\f\r\u0000\u001f' + b'\x7f/"'),
        ("呼和浩特\u2028😀", "\"呼和浩特\u2028😀\"".encode()),
        ([True, False, None, [], {}, -1], b"[true,false,null,[],{},-1]"),
        (MAX_INTEGER, b"9007199254740991"),
    ],
)  # fmt: skip
def test_it_is_written_as_rfc_8785_says(value, written):
    assert canonical(value) == written


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        (b'{"a":[1.0]}', "float", "a[0]"),
        (b'{"a":1e3}', "float", "a"),
        (b'{"a":NaN}', "not_a_number", "a"),
        (b'{"a":-Infinity}', "not_a_number", "a"),
        (b'{"a":9007199254740992}', "integer_too_large", "a"),
        (b'{"a":-9007199254740992}', "integer_too_large", "a"),
        (b'{"a":' + b"9" * 5000 + b"}", "integer_too_large", "a"),
        (b'{"a":{"b":1,"b":1}}', "repeated_key", "a"),
        ('{"级":1}'.encode(), "key_not_ascii", ""),
        (b'{"\\u7ea7":1}', "key_not_ascii", ""),
        ('{"a":"e\u0301"}'.encode(), "text_not_nfc", "a"),
        (b'{"a":"e\\u0301"}', "text_not_nfc", "a"),
        (b'["\\ud83d"]', "lone_surrogate", "[0]"),
        (b'["\\ud83d\\ud83d"]', "lone_surrogate", "[0]"),
        (b'["\xff"]', "not_utf8", ""),
        (b'["\xed\xa0\x80"]', "not_utf8", ""),
        (b"[1,]", "not_json", ""),
        (b"", "not_json", ""),
        (b"[1] 2", "not_json", ""),
        (b'["\x01"]', "not_json", ""),
        (b"\xef\xbb\xbf[]", "not_json", ""),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep", ""),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "too_deep", "[0]" * (MAX_DEPTH + 1)),
    ],
)
def test_what_two_programs_could_read_differently_is_refused(text, code, path):
    with pytest.raises(Refused) as refused:
        parse(text)
    assert codes_of(refused) == [(code, path)]


@pytest.mark.parametrize(
    "text",
    [
        b"[9007199254740991,-9007199254740991,0,-0]",
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'["\\ud83d\\ude00"]',
        b' {"a" : "\\u00e9"} \r\n',
    ],
)
def test_what_lies_just_within_is_read(text):
    assert parse(text) == json.loads(text)


def test_all_faults_are_listed_but_no_more_than_help():
    with pytest.raises(Refused) as refused:
        parse(b'{"a":1.5,"b":[NaN,{"c":1,"c":2}],"d":"e\\u0301"}')
    assert codes_of(refused) == [
        ("float", "a"), ("not_a_number", "b[0]"), ("repeated_key", "b[1]"), ("text_not_nfc", "d")
    ]  # fmt: skip
    with pytest.raises(Refused) as refused:
        parse(b"[" + b",".join([b"0.5"] * 1000) + b"]")
    assert len(refused.value.faults) == MAX_FAULTS


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.5, "float"), (float("nan"), "not_a_number"), ((1,), "wrong_type"), (b"x", "wrong_type"),
        ({1: 2}, "key_not_ascii"), (2**53, "integer_too_large"), ("\ud800", "lone_surrogate"),
    ],
)  # fmt: skip
def test_a_value_that_is_no_canonical_json_is_not_written(value, code):
    with pytest.raises(Refused) as refused:
        canonical([value], "row")
    assert refused.value.faults[0].code == code


def test_every_fault_has_two_sentences_and_is_shown_on_one_line():
    for code, (chinese, english) in SENTENCES.items():
        assert chinese.endswith("。"), code
        assert english.endswith("."), code
    assert len(shown("x" * 1000)) == MAX_SHOWN_CHARACTERS + 1
    assert shown("\ud800") == "\\ud800"
