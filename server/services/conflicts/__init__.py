"""Conflicts (冲突) as people meet them: in whose care, since when, told in full, and escalated."""
