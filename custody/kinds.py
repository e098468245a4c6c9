"""What can happen to a photo (保管事件)."""

#: every kind, in the order in which those of one moment are chained
KINDS = (
    "captured",  # the device's own word: when, where, which bytes
    "declared",
    "received",  # bytes
    "refused",  # bytes that are no photo, or not the declared one; kept aside
    "verified",  # bytes with the declared digest are stored
    "quarantined",
    "derived",  # a smaller picture was made of it
    "settled",  # somebody found out about what was kept aside
    "viewed",  # the original was handed out to be looked at
    "published",  # a result that rests on it went to the public
    "withdrawn",  # that notice was taken back
    "exported",  # the original left in a package
    "lost_asked",  # somebody says that it will never come
    "lost_refused",
    "lost",  # somebody else approved that it will never come
    "hold",  # must not be deleted (冻结)
    "release",  # may be deleted again when its term is over
    "deleted",
)
