import pytest

from server.commands.docs import settings_rows as settings_of_the_code
from server.commands.docs import stale_pages
from tests.readme.pages import (
    DOCUMENTS,
    PROJECT,
    READMES,
    heading_levels,
    local_links,
    settings_rows,
    shell_commands,
    text_of,
)

ENGLISH, CHINESE = READMES


def test_both_readmes_have_the_same_sections():
    assert heading_levels(ENGLISH) == heading_levels(CHINESE)


def test_both_readmes_give_the_same_commands():
    assert shell_commands(ENGLISH) == shell_commands(CHINESE)


def test_both_readmes_lead_to_the_same_pages():
    english = [link for link in local_links(ENGLISH) if link != "README.zh-CN.md"]
    chinese = [link for link in local_links(CHINESE) if link != "README.md"]
    assert sorted(english) == sorted(chinese)


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_table_of_settings_equals_the_code(page):
    assert settings_rows(page) == [(name, default) for name, default, _ in settings_of_the_code()]


def test_documents_written_from_the_code_are_up_to_date():
    assert list(stale_pages()) == [], "run `make docs`"


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_no_link_leads_nowhere(page):
    missing = [link for link in local_links(page) if not (page.parent / link).exists()]
    assert missing == []


def test_ci_runs_the_readmes_test_command_and_the_checks():
    script = text_of(PROJECT / ".ci" / "run")
    assert "make test" in shell_commands(ENGLISH)
    assert [line.split("<")[0].strip() for line in script.splitlines() if "make " in line] == [
        "make test",
        "make check",
    ]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_pinned_requirements_name_no_place_to_fetch_from(name):
    lines = text_of(PROJECT / name).splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert all("==" in line for line in pins)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
