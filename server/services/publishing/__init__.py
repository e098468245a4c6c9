"""Publication (公示): what of a result the public may read, and its versions."""
