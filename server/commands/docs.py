"""Documents that come from the code: written by `make docs`, checked by `make check`.

Run as `python -m server.commands.docs`, it needs no app and no data folder.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import click

from server.commands.dependencies import dependencies_page
from server.config import Settings
from server.errors import CATALOGUE

PROJECT = Path(__file__).parent.parent.parent
GENERATED = "<!-- Written from the code by `make docs`; change it there. -->"
SETTINGS_BEGIN = "<!-- settings: written from server/config.py by `make docs` -->"
SETTINGS_END = "<!-- end of settings -->"


def errors_page() -> str:
    """`docs/errors.md`: every code of the catalogue, in its order."""
    rows = [f"| `{code}` | {kind.status} | {kind.message} |" for code, kind in CATALOGUE.items()]
    return "\n".join(
        [
            "# Error codes 错误代码",
            "",
            GENERATED,
            "",
            "Every error answers `{code, message, details, request_id}`. `code` is stable and for",
            "programs; `message` is for people and says what to do next, sometimes more precisely",
            "than here; `details` depends on the code; `request_id` finds the request in the log.",
            "In a push, an op's `error` uses the same codes.",
            "",
            "| code | HTTP | message |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def settings_rows() -> list[tuple[str, str, str]]:
    """(variable, default, what it is) of every setting, in the order of the code."""
    return [
        (spec.metadata["env"], f"`{spec.default}`" if spec.default != "" else "", help_)
        for spec in fields(Settings)
        for help_ in [spec.metadata["help"]]
    ]


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = [f"| `{name}` | {default} | {help_} |" for name, default, help_ in settings_rows()]
    return "\n".join(["| variable | default | what |", "|---|---|---|", *rows])


def with_settings(readme: str) -> str:
    """The README with its table of settings written anew."""
    before, _, rest = readme.partition(SETTINGS_BEGIN)
    _, _, after = rest.partition(SETTINGS_END)
    return f"{before}{SETTINGS_BEGIN}\n{settings_table()}\n{SETTINGS_END}{after}"


#: how each page follows from the code and from what stands in it
PAGES: dict[str, Callable[[str], str]] = {
    "README.md": with_settings,
    "docs/errors.md": lambda _old: errors_page(),
    "docs/dependencies.md": lambda _old: dependencies_page(PROJECT),
}


def stale_pages() -> dict[Path, str]:
    """The pages that no longer say what the code says, with what they should say."""
    stale = {}
    for name, render in PAGES.items():
        page = PROJECT / name
        old = page.read_text("utf-8") if page.exists() else ""
        if (new := render(old)) != old:
            stale[page] = new
    return stale


@click.group("docs")
def docs_commands() -> None:
    """Documents that come from the code."""


@docs_commands.command("write")
def write() -> None:
    """Write those that are out of date."""
    for page, text in stale_pages().items():
        page.write_text(text, "utf-8")
        click.echo(f"wrote {page.relative_to(PROJECT)}")


@docs_commands.command("check")
def check() -> None:
    """Fail, naming them, when some are out of date."""
    stale = [str(page.relative_to(PROJECT)) for page in stale_pages()]
    if stale:
        raise click.ClickException(f"out of date: {', '.join(stale)}; run `make docs`")
    click.echo("documents agree with the code")


if __name__ == "__main__":
    docs_commands()
