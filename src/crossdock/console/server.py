"""Runs the HTTP side in a background thread."""

import socket
import threading
import time
from dataclasses import dataclass

import uvicorn

from crossdock.console.app import build
from crossdock.kernel.errors import Misuse
from crossdock.wiring import House


@dataclass
class Served:
    """A running HTTP server."""

    url: str
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Finish the requests at hand, then end."""
        self._server.should_exit = True
        self._thread.join(10)


def bound(host: str, port: int) -> socket.socket:
    """The address, taken before anything is begun; a Misuse when another program has it."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Misuse(
            f"cannot listen on {host}:{port}: {error.strerror}; set listen.port in crossdock.yaml"
        ) from error
    return listener


def serve(house: House, listener: socket.socket) -> Served:
    """Listen and serve in the background."""
    config = uvicorn.Config(
        build(house), log_level="warning", access_log=False, lifespan="off", server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, args=([listener],), name="crossdock-http", daemon=True
    )
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    shown, bound = listener.getsockname()[:2]
    return Served(f"http://{shown}:{bound}", server, thread)
