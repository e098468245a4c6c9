"""Ed25519 for the tests, by the library that the server uses."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.note import ED25519, Key


def check(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


class Signer:
    """A key pair, always the same for one seed."""

    def __init__(self, name, seed, kind=ED25519):
        private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.key = Key(name, private.public_key().public_bytes_raw(), kind)
        self.sign = private.sign
