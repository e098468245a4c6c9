"""The soak (持续压力): a whole detachment's devices for two minutes, and whether anything grows.

500 devices ask for news every 10 seconds; 50 of their officers push all the while, each the next
batch as soon as the last was answered, whatever pause the server asks for. `make soak` prints what
was answered, how many requests were waiting and how much memory the server held, on PostgreSQL and
on SQLite. `devices` are the load, `crowd` runs them, `watch` looks at the server's memory, `report`
judges and draws.
"""
