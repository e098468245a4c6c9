"""The draw (抽取): random, weighted, bounded by rules, and anyone can replay it. Pure functions.

No clock, no randomness, no input or output but streams that are handed in. The words are those of
the ceremony: `pool`, `officers` and `rules` are frozen and committed to (`ceremony`), witnesses'
shares and dice make the seed (`entropy`), every object's smallest ball counts (`tickets`,
`choice`), a drum with look-ahead staffs what was drawn (`drum`, `staffing`), late events go on
from there (`events`). `bundle` is the one file in which all of it is published, `verify` computes
every field of it again. docs/draw.md says how, to the byte.
"""
