"""`flask users create`: the first account of all."""

import pytest

from tests.server.entrance import log_in

PASSWORD = "typed at a prompt"


@pytest.fixture
def create(app, world):
    def invoke(*args, password=PASSWORD):
        return app.test_cli_runner().invoke(args=["users", "create", *args], input=f"{password}\n")

    return invoke


def test_an_account_made_at_the_command_line_can_log_in(create, http):
    done = create("boss", "--role", "admin", "--organisation", "corps", "--name", "总队长")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    body = log_in(http, "boss", PASSWORD).get_json()
    assert (body["user"]["name"], body["user"]["role"]) == ("总队长", "admin")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("lead", "--role", "admin", "--organisation", "corps"), "username_taken"),
        (("new", "--role", "admin", "--organisation", "none"), "not_found"),
        (("new", "--role", "officer", "--organisation", "corps"), "invalid_request"),
        (
            ("new", "--role", "officer", "--organisation", "corps", "--officer", "o-lead"),
            "officer_taken",
        ),
        (("new", "--role", "root", "--organisation", "corps"), "root"),
        (("UPPER", "--role", "admin", "--organisation", "corps"), "USERNAME"),
        (("new", "--role", "admin"), "--organisation"),
        (("new", "--role", "admin", "--organisation", "corps", "--password", "x"), "password"),
    ],
)
def test_what_cannot_be_made_is_named(create, args, said):
    done = create(*args)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_short_or_missing_password_makes_no_account(create, http):
    for password in ("nine sign", ""):
        args = ("boss", "--role", "admin", "--organisation", "corps")
        assert "password_weak" in create(*args, password=password).output
