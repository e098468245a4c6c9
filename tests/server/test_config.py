"""Settings: a wrong one stops the start and says what it should be."""

import base64
import subprocess
import sys

import pytest

from media.s3.bucket import _session
from server.config import Settings, SettingsError
from server.stores import bucket_of

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
        {"SECRET_KEY": "x" * 31}, {"DATABASE_URL": "mysql://x"}, {"MEDIA_STORE": "s3://"},
        {"MEDIA_STORE": "/photos"}, {"MEDIA_STORE": "s3://UPPER/case"}, {"S3_LINK_MINUTES": "-1"},
        {"S3_ENDPOINT_URL": "minio:9000", "MEDIA_STORE": "s3://photos"},
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


@pytest.mark.parametrize("address", ["local", "s3://photos", "s3://photos.2026/suijian/a-b_c"])
def test_photos_may_lie_in_a_folder_or_in_a_bucket(address):
    assert read(MEDIA_STORE=address, S3_LINK_MINUTES="0").media_store == address


def test_a_bucket_without_keys_stops_the_start_and_says_which_to_set(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    _session.cache_clear()
    settings = read(MEDIA_STORE="s3://photos", DATA_DIR=str(tmp_path))
    with pytest.raises(SettingsError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        bucket_of(settings)
    _session.cache_clear()


def test_a_deployment_with_a_folder_never_loads_the_library_of_buckets(tmp_path):
    asked = f"""
import pathlib, sys
import server.api, server.cli
from server import put_together
from server.config import Settings
put_together(
    Settings(secret_key="x" * 32, data_dir=pathlib.Path("{tmp_path}"), database_url="sqlite://")
)
print([name for name in sys.modules if name.startswith("botocore")])
"""
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
