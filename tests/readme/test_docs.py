"""What the documents name is there: files, folders and tests."""

import re
from pathlib import Path

import pytest

from tests.readme.pages import DOCUMENTS, PROJECT, text_of

FOLDERS = "server|sync|draw|schemas|media|client|tests|bench|migrations|docs"


@pytest.fixture(scope="module")
def all_tests() -> str:
    return "\n".join(text_of(path) for path in PROJECT.glob("tests/**/*.py"))


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path):
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", text_of(page)))
    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path, all_tests: str):
    named = set(re.findall(r"`(test_\w+)`", text_of(page)))
    assert [name for name in sorted(named) if f"def {name}(" not in all_tests] == []
