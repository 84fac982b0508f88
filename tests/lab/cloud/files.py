"""A plain file server, for the package repositories that machines install from."""

from __future__ import annotations

from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .faults import Call, Faults
from .machines import machine_at

_FAULTS = {"throttle": 429, "deny": 403, "error": 503}


class Handler(SimpleHTTPRequestHandler):
    """Serves files over connections that stay open."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 120

    def __init__(self, request: Any, client_address: Any, server: Server) -> None:
        super().__init__(request, client_address, server, directory=str(server.folder))

    def do_GET(self) -> None:
        """Sends a file, unless a fault is meant for it."""
        machine = machine_at(self.client_address[0])
        path = self.path.partition("?")[0]
        effect = self.server.faults.strike(Call("files", self.command, (path,), machine))
        if effect == "drop":
            self.close_connection = True
        elif effect:
            self.send_error(_FAULTS[effect])
        else:
            super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Not logged: a package manager asks for hundreds of files."""


class Server(ThreadingHTTPServer):
    """Serves one folder, and what is below it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], folder: Path, faults: Faults) -> None:
        self.folder = folder
        self.faults = faults
        super().__init__(address, Handler)
