"""Settings: a wrong one stops the start and says what it should be."""

import base64

import pytest

from server.config import Settings, SettingsError

SECRET = "a secret for tests only, of more than thirty-two bytes"


def read(**environ: str) -> Settings:
    return Settings.from_environment({"SECRET_KEY": SECRET, **environ})


@pytest.mark.parametrize(("word", "value"), [("true", True), ("No", False), ("0", False)])
def test_a_switch_is_true_or_false(word, value):
    assert read(EXEMPT_CHECKS_COUNT=word).exempt_checks_count is value


@pytest.mark.parametrize(
    "environ",
    [
        {"EXEMPT_CHECKS_COUNT": "maybe"}, {"PORT": "eighty"}, {"PORT": "0"},
        {"SECRET_KEY": "x" * 31}, {"DATABASE_URL": "mysql://x"},
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(environ):
    with pytest.raises(SettingsError, match=next(iter(environ))):
        read(**environ)


def test_a_secret_of_the_shortest_length_serves():
    assert read(SECRET_KEY="x" * 32).secret_key


@pytest.mark.parametrize("text", ["short", "c2hvcnQ=", "!" * 44])
def test_an_unusable_ledger_key_stops_the_start(text):
    with pytest.raises(SettingsError, match="LEDGER_KEY is unusable"):
        Settings.from_environment({"SECRET_KEY": "s" * 32, "LEDGER_KEY": text})


def test_the_ledger_is_named_by_its_public_address():
    key = base64.b64encode(bytes(32)).decode()
    environ = {"SECRET_KEY": "s" * 32, "LEDGER_KEY": key, "PUBLIC_URL": "https://xf.example.cn/gs/"}
    assert Settings.from_environment(environ).signer.origin == "xf.example.cn/gs/ledger"
    assert Settings.from_environment({"SECRET_KEY": "s" * 32}).signer is None
