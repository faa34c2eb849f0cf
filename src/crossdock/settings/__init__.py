"""What a workspace says: crossdock.yaml, secrets.env and the environment, as frozen values."""

from crossdock.settings.model import (
    AmazonSettings,
    FeedSettings,
    ListenSettings,
    PolicySettings,
    QueueSettings,
    Secret,
    Settings,
    SweepSettings,
    TimsSettings,
    WebhookSettings,
)
from crossdock.settings.reading import FILE, WORKSPACE, find_workspace, read_settings

__all__ = [
    "FILE",
    "WORKSPACE",
    "AmazonSettings",
    "FeedSettings",
    "ListenSettings",
    "PolicySettings",
    "QueueSettings",
    "Secret",
    "Settings",
    "SweepSettings",
    "TimsSettings",
    "WebhookSettings",
    "find_workspace",
    "read_settings",
]
