"""The ledger (账本): what was published can't be changed afterwards without showing.

Pure functions over bytes, standard library only: no clock, no randomness, no input or output. Keys
are handed in as functions, so that no cryptography has to be trusted or installed here.

- `merkle`: the tree of RFC 6962, its proofs, and how anyone checks them
- `tiles`: the tree as files that never change (C2SP tlog-tiles)
- `entries`: what a leaf says, and bundles of leaves
- `note`: text with signatures (C2SP signed-note), also those of witnesses
- `checkpoint`: how large the tree is and what its root is
- `proof`: one file that shows that an entry is in the ledger (C2SP tlog-proof)
"""
