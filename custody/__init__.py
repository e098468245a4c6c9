"""The chain of custody as anyone can compute it (保管链): pure, of the standard library alone.

`verify.py` is the one place that says how events are written as bytes, chained and proven; a copy
of it travels in every evidence package. `tree.py` builds what it checks.
See docs/evidence/custody.md.
"""
