"""Accounts (账号) and devices: logging in, staying in, being shut out."""
