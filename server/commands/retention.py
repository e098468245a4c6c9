"""`flask evidence retention …`: what is due, and carrying out what people decided."""

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from server import clock
from server.jobs.alone import alone
from server.models import Organisation
from server.parts import parts
from server.services.retention.deleting import approved_acts, carry_out, count_unfinished
from server.services.retention.due import Tally, tally_due
from server.services.retention.terms import KINDS, standing_terms

JOB = "carry_out_deletions"


@click.group("retention")
def retention_commands() -> None:
    """Keeping and deleting: terms, what is due, acts of deletion.

    Deciding is not done here. An administrator sets terms (PUT /retention/terms/…), one person asks
    for an act (POST /retention/acts), another approves it, and a job carries it out.
    """


PLAN_HELP = """Tell what is past its term: due, or kept and why. Changes nothing.

Nothing is due until the corps has set a term; a file is due once all years of the longest term that
holds for it are over, counted from the end of the year in which its inspection came to rest.
What is past its term is kept as long as

\b
  held             a legal hold stands on the photo, its task or its object
  conflict_open    a conflict of the task is not settled
  late_work_open   an amendment or salvaged work is not decided
  task_open        the same object has an open task, a recheck for instance
  shared           another photo that is not due shows or awaits the same bytes
  in_another_act   another act of deletion names it
  settled_kept     a person settled a file that is no photo as kept, and not yet as explained
  custody_unsealed its chain of custody lacks an event of the last minute

\b
Examples:
  flask evidence retention plan
  flask evidence retention plan --organisation ORGANISATION_ID"""


@retention_commands.command("plan", help=PLAN_HELP)
@click.option("--organisation", "organisation_id", help="only below this organisation (its id)")
@with_appcontext
def plan(organisation_id: str | None) -> None:
    """Count what is due."""
    with parts().database.read() as session:
        path = "/"
        if organisation_id is not None:
            known = select(Organisation.path).where(Organisation.id == organisation_id)
            path = session.scalars(known).one_or_none() or ""
            if not path:
                raise click.BadParameter("no such organisation", param_hint="--organisation")
        has_terms = bool(standing_terms(session))
        found = tally_due(session, path=path, now=clock.now())
    if not has_terms:
        click.echo("no term is set: everything is kept for ever")
        return
    for each in found:
        click.echo(_line(each))
    due = [each for each in found if each.kept_because is None]
    click.echo(f"{sum(each.files for each in due)} due; nothing was changed")


RUN_HELP = """Carry out the acts of deletion that were approved. Without --yes it only counts.

Each file is judged again right before it goes: what is held, shared or needed by then is kept, and
the act says why. A run that was interrupted, by whatever, is taken up where it broke off; `flask
jobs run` does the same every ten minutes and right after an approval.

\b
Examples:
  flask evidence retention run           how much approved acts still have to look at
  flask evidence retention run --yes     remove it"""


@retention_commands.command("run", help=RUN_HELP)
@click.option("--yes", is_flag=True, help="remove the bytes; this cannot be undone")
@with_appcontext
def run(yes: bool) -> None:
    """Carry out, file by file."""
    database, media = parts().database, parts().media
    with database.read() as session:
        acts, files = len(approved_acts(session)), count_unfinished(session)
    if not yes:
        click.echo(f"{files} files in {acts} approved acts; nothing was changed (--yes does it)")
        return
    with alone(parts().settings, database, JOB) as only:
        if not only:
            raise click.ClickException("the job is at it at this moment; look again later")
        with click.progressbar(length=files, label="deleting") as bar:
            for _ in carry_out(database, media, now=clock.now()):
                bar.update(1)
    click.echo(f"carried out {acts} acts; see GET /retention/acts for what was kept, and why")


@retention_commands.command("terms")
@with_appcontext
def terms() -> None:
    """Show the terms that hold, by organisation and kind; what is not listed is kept for ever."""
    with parts().database.read() as session:
        stands = standing_terms(session)
        organisations = session.execute(
            select(Organisation.id, Organisation.name).order_by(Organisation.path)
        ).all()
    for organisation_id, name in organisations:
        years = {kind: stands[organisation_id, kind] for kind in KINDS
                 if (organisation_id, kind) in stands}  # fmt: skip
        if years:
            click.echo(f"{name}: {', '.join(f'{kind} {n}' for kind, n in years.items())} (years)")
    if not stands:
        click.echo("no term is set: everything is kept for ever")


def _line(each: Tally) -> str:
    size_mb = each.size_bytes / 1e6
    why = f"kept: {each.kept_because}" if each.kept_because else "due"
    return f"{each.kind:18} {each.files:>9} files {size_mb:>12.1f} MB  {why}"
