"""The admin API: JSON over HTTP on a unix socket, so that it is reached from any network namespace."""

from __future__ import annotations

import json
import os
import socketserver
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from . import images, machines, notices
from .faults import Faults
from .world import IMAGES, World


class NotFound(Exception):
    """There is nothing at this path."""


class Admin:
    """What the admin API can do."""

    def __init__(self, world: World, faults: Faults, api: str) -> None:
        self._world = world
        self._faults = faults
        self._api = api

    def handle(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Answers one request. ValueError means a wrong request, NotFound a wrong path."""
        routes: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "/lab/health"): self._health,
            ("GET", "/lab/machines"): lambda: [m.as_json() for m in machines.all_machines()],
            ("GET", "/lab/images"): images.pending,
            ("POST", "/lab/images"): lambda: self._finish_image(body),
            ("GET", "/lab/faults"): self._faults.all,
            ("POST", "/lab/faults"): lambda: {"id": self._faults.add(body).id},
            ("GET", "/lab/notices"): notices.all_notices,
            ("POST", "/lab/notices"): lambda: notices.give(body),
            ("POST", "/lab/aliases"): lambda: self._alias(body),
        }
        if (method, path) in routes:
            return routes[(method, path)]()
        if method == "DELETE" and path.startswith("/lab/faults/"):
            return self._end_fault(path.rsplit("/", 1)[1])
        if method == "DELETE" and path.startswith("/lab/notices/"):
            notices.take_back(*path.removeprefix("/lab/notices/").split("/", 1))
            return {}
        raise NotFound(f"no {method} {path} here")

    def _health(self) -> dict[str, Any]:
        return {
            "vpc_id": self._world.vpc_id,
            "subnet_ids": self._world.subnet_ids,
            "images": IMAGES,
            "api": self._api,
        }

    def _end_fault(self, fault_id: str) -> dict[str, Any]:
        if not self._faults.remove(fault_id):
            raise NotFound(f"no fault {fault_id} is in force")
        return {}

    def _finish_image(self, body: dict[str, Any]) -> dict[str, Any]:
        images.finish(str(body.get("image_id")), body.get("error"))
        return {}

    def _alias(self, body: dict[str, Any]) -> dict[str, Any]:
        address, instance = body.get("address"), body.get("instance")
        if not isinstance(address, str):
            raise ValueError("cannot map an address to an instance: address must be given")
        machines.set_alias(address, instance)
        return {}


class Handler(BaseHTTPRequestHandler):
    """One admin connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        """Reads."""
        self._serve()

    do_POST = do_DELETE = do_GET

    def _serve(self) -> None:
        try:
            status, value = 200, self.server.admin.handle(self.command, self.path, self._body())
        except NotFound as cause:
            status, value = 404, {"error": str(cause)}
        except (ValueError, TypeError) as cause:
            status, value = 400, {"error": str(cause)}
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def _body(self) -> dict[str, Any]:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        value = json.loads(raw) if raw else {}
        if not isinstance(value, dict):
            raise ValueError("cannot read the request: its body must be a JSON object")
        return value

    def address_string(self) -> str:
        """A unix socket has no address."""
        return "admin"

    def log_message(self, format: str, *args: Any) -> None:
        """Not logged: the lab's own polling would fill the log."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The listening socket, open to its owner only."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, admin: Admin) -> None:
        self.admin = admin
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), Handler)
        finally:
            os.umask(before)
