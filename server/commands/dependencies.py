"""`docs/dependencies.md`: why each dependency is here (said beside its pin), and its licence."""

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

_LINE = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9,]+\])?==(?P<version>\S+)( ; [^#]+)?\s+# (?P<why>.+)$"
)
MAX_LICENCE_NAME = 60  # longer is the licence's text, not its name
_LICENCE_WORDS = {
    "Permission is hereby granted, free of charge": "MIT",
    "Redistribution and use in source and binary forms": "BSD",
}
_TABLE_HEAD = ("| package | version | licence | why |", "|---|---|---|---|")
_HEADING = {
    "requirements.in": "What the server runs on",
    "requirements-dev.in": "What tests, checks and benchmarks need on top",
}


def dependencies_page(project: Path) -> str:
    """The page, from `requirements*.in` and from what the installed packages say of themselves.

    Raises ValueError for a dependency without a reason.
    """
    lines = [
        "# Dependencies",
        "",
        "<!-- Written from requirements*.in and package metadata by `make docs`. -->",
        "",
        "Each is here for a reason, in the version that was its newest when it was pinned. What",
        "they pull in themselves is pinned in `requirements*.txt`; `make lock` pins anew.",
    ]
    for name, heading in _HEADING.items():
        lines += [
            "",
            f"## {heading}",
            "",
            "| package | version | licence | why |",
            "|---|---|---|---|",
        ]
        lines += [_row(line) for line in _requirements(project / name)]
    return "\n".join([*lines, ""])


def _requirements(file: Path) -> list[str]:
    lines = file.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def _row(line: str) -> str:
    found = _LINE.match(line)
    if found is None:
        raise ValueError(f"say why, after a `#` on the same line: {line}")
    name, version, why = found["name"], found["version"], found["why"]
    return f"| [{name}](https://pypi.org/project/{name}/) | {version} | {licence(name)} | {why} |"


def licence(name: str) -> str:
    """The licence of an installed package in a few words, as it states it itself."""
    package = distribution(name)
    facts = package.metadata
    stated: str = (facts.get_all("License-Expression") or facts.get_all("License") or [""])[0]
    if 0 < len(stated) < MAX_LICENCE_NAME and "\n" not in stated:
        return stated
    classifiers = facts.get_all("Classifier") or []
    named = [c.split(" :: ")[-1] for c in classifiers if c.startswith("License :: ")]
    return ", ".join(named) or _licence_by_words(package)


def _licence_by_words(package: Distribution) -> str:
    files = [file for file in package.files or [] if file.name.upper().startswith("LICENSE")]
    texts = [file.read_text() for file in files]
    for words, known in _LICENCE_WORDS.items():
        if any(words in text for text in texts):
            return known
    raise ValueError(f"{package.name} does not say under which licence it is")
