"""`flask media check`: everything is tried, nothing stays, and it says what to do."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from server import create_app
from server.config import Settings
from tests.object_storage import REGION, object_storage
from tests.server.in_bucket import in_bucket, lying_in
from tests.server_process import free_port

REFUSING = "s3://no-such-bucket"


@pytest.fixture
def database_url() -> str:
    return "sqlite://"


def run(settings: Settings) -> tuple[int, str]:
    app: Flask = create_app(settings)
    result = FlaskCliRunner(app).invoke(args=["media", "check"])
    return result.exit_code, result.output


def test_a_folder_is_tried_and_nothing_stays(settings: Settings):
    code, said = run(settings)
    assert (code, said.splitlines()[-1]) == (0, "ok; photos reach people through the server")
    assert [path for path in settings.data_dir.rglob("*") if path.is_file()] == []


def test_a_bucket_is_tried_and_nothing_stays(settings: Settings):
    there = in_bucket(settings, link_minutes=5)
    code, said = run(there)
    assert code == 0, said
    assert "under addresses that hold for 5 minutes" in said
    assert lying_in(there) == []


def test_a_bucket_that_is_not_there_is_told_with_what_is_needed(settings: Settings):
    code, said = run(replace(settings, media_store=REFUSING, s3_endpoint_url=object_storage().url))
    assert code == 1
    assert "the bucket of MEDIA_STORE (s3://no-such-bucket) exists" in said
    assert f"S3_REGION ({REGION})" in said


def test_a_storage_that_does_not_answer_is_told_with_its_address(settings: Settings):
    nobody = f"http://127.0.0.1:{free_port()}"
    code, said = run(replace(settings, media_store=REFUSING, s3_endpoint_url=nobody))
    assert code == 1
    assert f"S3_ENDPOINT_URL ({nobody})" in said


def test_a_folder_that_cannot_be_written_is_told(settings: Settings, tmp_path: Path):
    (tmp_path / "uploads").mkdir(exist_ok=True)
    app = create_app(settings)
    (tmp_path / "uploads").rmdir()
    (tmp_path / "uploads").write_text("in the way")
    result = FlaskCliRunner(app).invoke(args=["media", "check"])
    assert result.exit_code == 1
    assert f"See that {settings.data_dir} is a folder" in result.output
