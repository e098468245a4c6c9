"""Checklists as forms: what an item may say, XLSForm workbooks in and out, the statutory lists.

No database here: a form that is read becomes a `Draft`, which
`server.services.tasks.checklists` stores.
"""
