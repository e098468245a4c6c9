"""What the figures were measured on."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg

PACKAGES = ("granian", "flask", "SQLAlchemy", "psycopg", "orjson", "marshmallow")
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class NotDurable(RuntimeError):
    """The database would answer before a commit is safe; such figures are worth nothing."""


def facts(postgres_url: str, *, command: str, date: str, workers: int, threads: int) -> list[str]:
    """Machine, date, command and versions, line by line."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return [
        f"- {date}, `{command}`",
        f"- {processor()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}; "
        f"load before the run {load}",
        f"- Python {platform.python_version()}, {packages}",
        *(f"- {line}" for line in _databases(postgres_url)),
        f"- every server: granian (WSGI), {workers} processes of {threads} threads; "
        "the load comes from one more process on the same machine",
    ]


def _databases(url: str) -> Iterator[str]:
    with psycopg.connect(url) as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in DURABLE}
        said = {name: value[0] for name, value in shown.items() if value}
        if said != DURABLE:
            raise NotDurable(f"PostgreSQL runs with {said}")
        settings = ", ".join(f"{name} {value}" for name, value in said.items())
        yield f"PostgreSQL {connection.info.server_version // 10000}, {settings}"
    yield f"SQLite {sqlite3.sqlite_version}, journal_mode WAL, synchronous FULL"


def processor() -> str:
    """What the machine computes with."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
