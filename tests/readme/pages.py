"""The documents of the project, taken apart."""

import re
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
READMES = (PROJECT / "README.md", PROJECT / "README.zh-CN.md")
DOCUMENTS = (
    *READMES,
    PROJECT / "CONTRIBUTING.md",
    PROJECT / "client" / "README.md",
    *sorted((PROJECT / "docs").rglob("*.md")),
)


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def heading_levels(page: Path) -> list[int]:
    outside_fences = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", outside_fences, flags=re.MULTILINE)]


def local_links(page: Path) -> list[str]:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(page))
    return [link for link in links if not link.startswith(("http:", "https:"))]


def shell_commands(page: Path) -> list[str]:
    """Every line of the `sh` fences, without its comment."""
    fences = re.findall(r"```sh\n(.*?)```", text_of(page), flags=re.DOTALL)
    lines = "".join(fences).splitlines()
    return [line.partition("#")[0].strip() for line in lines if line.strip()]


def settings_rows(page: Path) -> list[tuple[str, str]]:
    """(variable, default) of each row of the table of settings."""
    table = text_of(page).partition("<!-- settings: ")[2].partition("<!-- end of settings -->")[0]
    return re.findall(r"^\| `(\w+)` \| (.*?) \|", table, flags=re.MULTILINE)
