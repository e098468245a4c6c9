"""`flask ledger …`: is the ledger what it was, and does an entry stand in it?"""

from pathlib import Path

import click
from flask.cli import with_appcontext

from ledger import note, proof
from ledger.faults import LedgerFault
from server.parts import parts
from server.services.ledger.monitor import walk
from server.signing import Signer, check_signature


@click.group("ledger")
def ledger_commands() -> None:
    """The ledger (账本) of what was published."""


@ledger_commands.command("key")
@with_appcontext
def show_key() -> None:
    """Print the public key that verifies checkpoints and proofs; publish it where people will find
    it without this server."""
    click.echo(_signer().key.encoded())


@ledger_commands.command("verify")
@click.option(
    "--known",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that you kept elsewhere: shows a ledger that was made anew.",
)
@with_appcontext
def verify(known: Path | None) -> None:
    """Walk entries, tiles, bodies and checkpoints; fails and names the first fault."""
    with parts().database.read() as session:
        found = walk(session, key=_signer().key, known=known.read_text() if known else None)
    if found.fault:
        raise click.ClickException(f"{found.fault} ({found.entries} entries)")
    click.echo(f"{found.entries} entries are as they were signed")


@ledger_commands.command("check-proof")
@click.argument("proof_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("entry_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", required=True, help="The ledger's public key, as `flask ledger key` says it."
)
def check_proof(proof_file: Path, entry_file: Path, key: str) -> None:
    """Check offline that ENTRY_FILE stands in the ledger, as PROOF_FILE says.

    Neither a database nor a network is needed; of this program only the key is trusted.
    """
    try:
        trusted = note.key_from(key)
        covered = proof.verify(
            proof.parsed(proof_file.read_bytes()), entry_file.read_bytes(), origin=trusted.name,
            keys=[trusted], check=check_signature,
        )  # fmt: skip
    except LedgerFault as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"the entry stands in {covered.origin}, among {covered.size}")


def _signer() -> Signer:
    signer = parts().settings.signer
    if signer is None:
        raise click.ClickException("set LEDGER_KEY first; the settings table says how to make one")
    return signer
