"""The wire: marshmallow schemas, plain dicts in and out. They never touch the database."""
