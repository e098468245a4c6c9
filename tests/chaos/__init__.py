"""`make chaos`: real servers, databases and devices, and all that can go wrong (docs/adr/0009)."""
