"""Uploads (上传速度): 100 photos of 2.5 MB in pieces of 1 MiB, 4 at a time, beside `@tus/server`.

`make bench-uploads` installs `@tus/server` with its file store into `bench/uploads/node_modules`
and runs `python -m bench.uploads`. Both write to the same disk and are asked by the same client in
interleaved rounds. What speaks for `@tus/server` in doubt: it flushes nothing to the disk, checks
no digest, looks at no picture, asks nobody who they are; it runs as its makers show it, in one node
process, which is all it can use. Ours does all of that, in two processes on PostgreSQL.

Two kinds of files are sent: photos, whose every byte is decoded once when they are whole, and clips
of the same size, which are stored and never decoded. What lies between the two is the decoder.
"""
