"""Adapters (兼容接口) for sync clients that nobody here wrote.

They translate documents into ops and the feed into documents, and nothing else: what is written
goes through `push_ops`, what is read comes from `changes_since`.
"""
