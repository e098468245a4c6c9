"""What can be wrong with a ledger or with what claims to be of one."""


class LedgerFault(ValueError):
    """Not what the formats allow, or not true. `code` is stable; the text is for programmers."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
