"""Peers (同类系统): Suijian beside Kinto, on the same PostgreSQL server and the same HTTP server.

`make bench-peers` installs Kinto into `.venv/peers` and runs `python -m bench.peers`. What speaks
for Kinto in doubt: its cheapest authentication (a name that nobody checks), permissions and cache
as it comes, no history plugin, no quotas; the batch limit raised from 25 to Suijian's 50; a
collection of its own for each pusher, so that nobody waits for another's lock. Both commit durably,
both run in as many processes and threads of granian, both get the same documents.
"""
