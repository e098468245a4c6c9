"""The merge core: pure functions over plain values. No clock, no randomness, no input or output.

What several people wrote without seeing each other meets here. `entities` declares for each field
the policy that settles it, `policies` says what the policies do, `merge` applies one op to one
entity, `conflicts` names what a person must settle, `clock` corrects device time, `cursor` seals
the mark up to which a device has read.
"""
