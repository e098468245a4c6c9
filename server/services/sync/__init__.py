"""Sync (同步): what devices push and pull, merged, fed and receipted."""
