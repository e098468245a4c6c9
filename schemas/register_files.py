"""Register files on the wire: uploads and what became of their rows."""

import marshmallow as ma
from flask_smorest.fields import Upload

from schemas.common import Text


class RegisterFileSchema(ma.Schema):
    """A CSV, CSV.xz or XLSX file of a register."""

    file = Upload(required=True)


class ImportArgs(ma.Schema):
    """How to import."""

    dry_run = ma.fields.Boolean(load_default=False)
    source = Text(minimum=1, maximum=100, metadata={"description": "provenance, for objects"})


class ProblemSchema(ma.Schema):
    """Why a row was skipped."""

    line = ma.fields.Integer(required=True)
    column = ma.fields.String(required=True)
    value = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)


class ImportedSchema(ma.Schema):
    """What an import did, or in a dry run would do; the first problems of many."""

    dry_run = ma.fields.Boolean(required=True)
    rows = ma.fields.Integer(required=True)
    imported = ma.fields.Integer(required=True)
    updated = ma.fields.Integer(required=True)
    attached = ma.fields.Integer(required=True)
    unchanged = ma.fields.Integer(required=True)
    proposed = ma.fields.Integer(required=True)
    skipped = ma.fields.Integer(required=True)
    problems = ma.fields.List(ma.fields.Nested(ProblemSchema), required=True)
    notes = ma.fields.List(ma.fields.String(), required=True)
