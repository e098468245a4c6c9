"""A day in the field (外勤一日), played on a real server with two devices that lose their network.

Everything is done and checked as a stranger would: commands, the HTTP API, files. Nothing looks
into the database.
"""
