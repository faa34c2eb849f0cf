"""The HTTP side of a running Crossdock: webhooks in, health and figures out."""

from crossdock.console.app import build
from crossdock.console.server import Served, bound, serve

__all__ = ["Served", "bound", "build", "serve"]
