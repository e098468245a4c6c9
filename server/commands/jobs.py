"""`flask jobs …`: the background jobs."""

import json
import logging

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from server.models import JobState
from server.parts import parts

DEFAULT_WORKERS = 2


@click.group("jobs")
def job_commands() -> None:
    """Background work: sealing the audit trail, derivatives of photos, expiry."""


@job_commands.command("run")
@click.option("--workers", default=DEFAULT_WORKERS, show_default=True, help="threads")
@click.option(
    "--periodic/--no-periodic", default=True, show_default=True, help="sweep by the clock, too"
)
@with_appcontext
def run(workers: int, periodic: bool) -> None:
    """Work off what is to be done, until stopped.

    Any number of machines may run it: a job runs once at a time among them. Where one machine is
    to do all sweeps, start the others with --no-periodic.
    """
    _log_huey_as_events()
    parts().jobs.consume(workers=workers, periodic=periodic)


@job_commands.command("status")
@with_appcontext
def status() -> None:
    """How each job fares; fails while one of them keeps failing."""
    jobs = parts().jobs
    click.echo(f"{jobs.huey.pending_count()} queued, {jobs.huey.scheduled_count()} to be retried")
    with parts().database.read() as session:
        states = {state.name: state for state in session.scalars(select(JobState))}
    for name in jobs.names:
        click.echo(f"{name:<20} {_line(states.get(name))}")
    failing = [name for name, state in states.items() if state.failures]
    if failing:
        raise click.ClickException(f"failing: {', '.join(sorted(failing))}")


@job_commands.command("once")
@click.argument("name")
@with_appcontext
def once(name: str) -> None:
    """Run one job now, in this process."""
    if name not in parts().jobs.names:
        raise click.BadParameter(f"one of: {', '.join(parts().jobs.names)}", param_hint="NAME")
    parts().jobs.run_now(name)
    click.echo(f"{name} is done")


def _line(state: JobState | None) -> str:
    if state is None:
        return "has not run yet"
    good = (
        f"last done {state.succeeded_at:%Y-%m-%d %H:%M:%SZ}" if state.succeeded_at else "never done"
    )
    if not state.failures:
        return good
    times = f"failed {state.failures} times since, at {state.failed_at:%H:%M:%SZ}"
    return f"{good}; {times}: {state.error}"


class _EventFormatter(logging.Formatter):
    """huey's own words as one JSON event."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        facts = {"event": "huey", "level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        return json.dumps(facts, ensure_ascii=False)


def _log_huey_as_events() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_EventFormatter())
    huey_log = logging.getLogger("huey")
    huey_log.handlers = [handler]
    huey_log.setLevel(logging.ERROR)  # a job's own failure is an event already
    huey_log.propagate = False
