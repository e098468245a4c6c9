"""Figures (性能): what Suijian's protocol costs beside a bare route on the same server software.

`make bench` starts everything itself and writes RESULTS.md. `documents` makes the documents from a
seed, `floor` is the bare route that Suijian is compared with, `sides` starts both and says what to
ask them, `load` is the process that asks, `rounds` interleaves the measurements, `report` prints.
"""
