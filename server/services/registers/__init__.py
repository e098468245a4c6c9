"""Registers (名录库): objects, officers, organisations; import, divisions, the queue."""
