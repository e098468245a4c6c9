"""`launch`: everything that one machine needs, from an empty folder to a running server."""

import errno
import os
import socket
import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from server.clock import now
from server.config import Settings
from server.demo.accounts import known_logins
from server.demo.seed import seed_demo_once
from server.migrate import upgrade
from server.parts import parts
from server.processes import run_together

PROJECT = Path(__file__).parent.parent.parent
SHUTDOWN_SECONDS = 10  # for requests under way when the server is told to stop


@click.command("launch")
@with_appcontext
def launch() -> None:
    """Migrate, seed the demo brigade into an empty database, run server and background jobs."""
    settings = parts().settings
    check_port_is_free(settings.host, settings.port)
    upgrade(settings.database_url)
    seed_demo_once(parts().database, data_dir=settings.data_dir, now=now())
    parts().database.engine.dispose()
    click.echo(greeting(settings))
    ended = run_together(commands(settings), environ=os.environ, folder=PROJECT)
    if ended:
        raise click.ClickException(f"the {ended} ended by itself, so everything was stopped")
    click.echo("随检 Suijian has stopped.")


def check_port_is_free(host: str, port: int) -> None:
    """Raise a ClickException that says what to do when nobody can listen there."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise click.ClickException(f"cannot listen on {host}:{port}: {error}") from None
            raise click.ClickException(
                f"port {port} is taken; choose another: PORT={port + 1} make run"
            ) from None


def commands(settings: Settings) -> dict[str, list[str]]:
    """The processes of one machine: the HTTP server and the background jobs."""
    return {
        "server": [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws",
            "--host", settings.host, "--port", str(settings.port),
            "--workers", str(settings.workers), "--blocking-threads", str(settings.threads),
            "--workers-kill-timeout", str(SHUTDOWN_SECONDS), "--respawn-failed-workers",
            "--log-level", "error",  # it warns of more threads than processors: ours wait for disks
            "wsgi:app",
        ],
        "background jobs": [sys.executable, "-m", "server", "jobs", "run"],
    }  # fmt: skip


def greeting(settings: Settings) -> str:
    """What a newcomer needs to know, in both languages."""
    address = f"http://{settings.host}:{settings.port}"
    lines = [
        "",
        "随检 Suijian",
        f"  公示页面 public results   {address}/public/",
        f"  接口文档 API              {address}/api/v1/docs",
        f"  数据目录 data folder      {settings.data_dir}",
    ]
    logins = known_logins(settings.data_dir)
    if logins:
        lines.append("  演示账号 demo accounts (角色 role, 用户名 username, 密码 password)")
        lines += [f"    {role:<12} {name:<10} {password}" for role, name, password in logins]
    return "\n".join([*lines, "  按 Ctrl-C 停止。Ctrl-C stops it.", ""])
