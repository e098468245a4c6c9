"""Bytes -> facts: what arrives, what it is, where it is kept (照片证据的字节).

No Flask, no ORM. A photo goes through these modules in this order:

- `uploads`, `partial`: bytes arrive in pieces and survive a killed server
- `digests`: checksums of pieces and of whole files
- `examine`: type by content (`sniff`), wholeness (`containers`), pixels (`images`), `exif`
- `store`: originals, kept once and for good; bytes that make no photo go to a store of their own
- `small`: what people see without opening the original, kept in `derivatives`
"""
