"""The ledger (账本) on the database: appended to, read as files, walked from end to end."""
