"""The demo brigade: who and what is in it, its passwords, and how it comes into a database."""
