"""Use cases, one verb a function. They know neither Flask nor marshmallow and never commit."""
