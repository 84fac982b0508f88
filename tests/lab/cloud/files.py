"""A plain file server, for the package repository that machines install from."""

from __future__ import annotations

import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Handler(SimpleHTTPRequestHandler):
    """Serves files over connections that stay open."""

    protocol_version = "HTTP/1.1"
    timeout = 120

    def log_message(self, format: str, *args: Any) -> None:
        """Not logged: a package manager asks for hundreds of files."""


class Server(ThreadingHTTPServer):
    """Serves one folder, and what is below it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], folder: Path) -> None:
        super().__init__(address, functools.partial(Handler, directory=str(folder)))
