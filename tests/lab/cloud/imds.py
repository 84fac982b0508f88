"""The instance metadata service: IMDSv2 over HTTP, answering each machine by its source address."""

from __future__ import annotations

import re
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from .faults import Call, Faults
from .imds_tree import children, tree
from .journal import Entry, Journal
from .machines import instance_at, machine_at
from .world import LOCK

_TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
_TOKEN_HEADER = "X-aws-ec2-metadata-token"
_MAX_TTL = 21600
_DEFAULT_IP_TTL = 64
_VERSION = re.compile(r"latest|1\.0|20\d\d-\d\d-\d\d")
_TAGS_SINCE = "2021-03-23"
_FAULTS = {"throttle": 503, "deny": 403, "error": 500}


@dataclass
class Answer:
    """A status, a body and the headers beside the usual ones."""

    status: int
    body: str | bytes = ""
    headers: tuple[tuple[str, str], ...] = ()


class Tokens:
    """Session tokens: each good for one source address, until its time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, float]] = {}

    def issue(self, source: str, seconds: int) -> str:
        """A new token."""
        token = secrets.token_urlsafe(40) + "=="
        now = time.monotonic()
        with self._lock:
            self._tokens = {t: o for t, o in self._tokens.items() if o[1] > now}
            self._tokens[token] = (source, now + seconds)
        return token

    def seconds_left(self, token: str, source: str) -> int:
        """For how long the token is good; 0 for a foreign, unknown or expired one."""
        with self._lock:
            owner, until = self._tokens.get(token, ("", 0.0))
        return max(0, round(until - time.monotonic())) if owner == source else 0


class Imds:
    """The service's rules, apart from HTTP's transport."""

    def __init__(self) -> None:
        self._tokens = Tokens()

    def put(self, path: str, headers: Any, source: str) -> Answer:
        """A PUT: the only one there is makes a token."""
        instance = instance_at(source)
        if instance is None or path != "/latest/api/token":
            return Answer(404)
        if headers.get("X-Forwarded-For") or instance.metadata_options.http_endpoint != "enabled":
            return Answer(403)
        ttl = headers.get(_TTL_HEADER, "")
        if not ttl.isdecimal() or not 1 <= int(ttl) <= _MAX_TTL:
            return Answer(400)
        return Answer(200, self._tokens.issue(source, int(ttl)), ((_TTL_HEADER, ttl),))

    def get(self, path: str, headers: Any, source: str) -> Answer:
        """A GET of one value or one folder's list."""
        with LOCK:
            instance = instance_at(source)
            if instance is None:
                return Answer(404)
            options = instance.metadata_options
            if options.http_endpoint != "enabled":
                return Answer(403)
            token = headers.get(_TOKEN_HEADER)
            left = self._tokens.seconds_left(token, source) if token is not None else 0
            if left == 0 and (token is not None or options.http_tokens == "required"):
                return Answer(401)
            answer = _look_up(instance, unquote(path.partition("?")[0]))
        if token is not None:
            answer.headers = ((_TTL_HEADER, str(left)),)
        return answer


def hop_limit(source: str) -> int:
    """How far the answer to a PUT may travel: a container behind the machine is one hop further away."""
    instance = instance_at(source)
    return instance.metadata_options.http_put_response_hop_limit if instance else _DEFAULT_IP_TTL


def _look_up(instance: Any, path: str) -> Answer:
    version, _, rest = path.lstrip("/").partition("/")
    if not version:
        return Answer(200, f"1.0\n{_TAGS_SINCE}\nlatest")
    if not _VERSION.fullmatch(version):
        return Answer(404)
    data = tree(instance)
    if version[0].isdigit() and version < _TAGS_SINCE:
        data = {k: v for k, v in data.items() if not k.startswith("meta-data/tags/")}
    key = re.sub("/+", "/", rest)
    if key in data:
        return Answer(200, data[key])
    listed = children(data, key.rstrip("/"))
    return Answer(200, "\n".join(listed)) if listed else Answer(404)


class Handler(BaseHTTPRequestHandler):
    """One machine's connection; it is kept open between requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout = 120
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_PUT(self) -> None:
        """Makes a token."""
        source = self.client_address[0]
        self._set_ip_ttl(hop_limit(source))
        self._serve(lambda: self.server.imds.put(self.path, self.headers, source))

    def do_GET(self) -> None:
        """Reads a value."""
        self._set_ip_ttl(_DEFAULT_IP_TTL)
        self._serve(lambda: self.server.imds.get(self.path, self.headers, self.client_address[0]))

    do_HEAD = do_GET

    def _serve(self, answer_request: Any) -> None:
        started = time.time()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        machine = machine_at(self.client_address[0])
        path = self.path.partition("?")[0]
        entry = Entry(started, "imds", self.command, path, machine.instance_id if machine else None)
        call = Call("imds", self.command, (path,), machine)
        effect = self.server.faults.strike(call)
        if effect == "drop":
            self.close_connection = True
            entry.error = "Dropped"
        else:
            answer = Answer(_FAULTS[effect]) if effect else self._rewritten(call, answer_request())
            entry.status = answer.status
            entry.error = HTTPStatus(answer.status).phrase if answer.status >= 400 else None
            self._send(answer)
        entry.ms = round((time.time() - started) * 1000, 1)
        self.server.journal.write(entry)

    def _rewritten(self, call: Call, answer: Answer) -> Answer:
        if self.command == "GET" and answer.status in (200, 404):
            body = self.server.faults.rewritten(call, answer.body if answer.status == 200 else None)
            return Answer(404 if body is None else 200, body or "", answer.headers)
        return answer

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _set_ip_ttl(self, hops: int) -> None:
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)

    def log_message(self, format: str, *args: Any) -> None:
        """The journal has every request."""


class Server(ThreadingHTTPServer):
    """The listening service."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], faults: Faults, journal: Journal) -> None:
        self.imds = Imds()
        self.faults = faults
        self.journal = journal
        super().__init__(address, Handler)
