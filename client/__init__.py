"""The reference device of Suijian (随检): offline first, over HTTP only.

A model for people who write their own client; start with `client/README.md`. It shares no code
with the server. The public surface is `Device` and the types it hands out.
"""

from client.checklist import Lack
from client.clock import Clock
from client.device import Device
from client.errors import (
    ApiError,
    ClientError,
    DeviceWiped,
    Moved,
    NotOnDevice,
    Offline,
    ProtocolError,
    SignInNeeded,
    UpgradeRequired,
)
from client.evidence import PhotoFacts
from client.mirror import Entity
from client.outbox import Op
from client.patience import Patience
from client.reports import Pending, SyncReport
from client.views import TaskView

__all__ = [
    "ApiError",
    "ClientError",
    "Clock",
    "Device",
    "DeviceWiped",
    "Entity",
    "Lack",
    "Moved",
    "NotOnDevice",
    "Offline",
    "Op",
    "Patience",
    "Pending",
    "PhotoFacts",
    "ProtocolError",
    "SignInNeeded",
    "SyncReport",
    "TaskView",
    "UpgradeRequired",
]
