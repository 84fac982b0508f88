"""The AWS API: every request is journalled, struck by faults, authenticated and authorized, then given to moto."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import run_wsgi_app

from . import copies
from .authorize import authorize, denied, is_anothers, is_withheld
from .errors import ApiError, Protocol, Refusal, render
from .faults import Call, Fault, Faults
from .identity import authenticate, check_clock
from .journal import Entry, Journal
from .machines import machine_at
from .models import check
from .rates import Rates
from .request import ApiRequest
from .world import LOCK

# Backends made before the first request, so that no request pays for moto's late imports.
_SERVICES: Any = ("ec2", "autoscaling", "ssm", "kms", "iam", "sts", "cloudformation")

Answer = tuple[str, list[tuple[str, str]], bytes]


class Dropped(Exception):
    """The request shall get no answer."""


class Api:
    """The WSGI application in front of moto."""

    def __init__(self, faults: Faults, journal: Journal) -> None:
        self._faults = faults
        self._journal = journal
        self._rates = Rates()
        self._moto = DomainDispatcherApplication(create_backend_app)
        for service in _SERVICES:
            self._moto.app_instances[service] = create_backend_app(service)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        started = time.time()
        request = ApiRequest.read(environ)
        machine = machine_at(request.source)
        entry = Entry(
            t=started,
            service=request.service,
            action=request.action,
            target=",".join(request.targets()),
            instance=machine.instance_id if machine else None,
        )
        try:
            ids = tuple(request.values("InstanceId"))
            call = Call(request.service, request.action, tuple(request.targets()), machine, ids)
            status, headers, body = self._answer(request, call, environ, entry)
            time.sleep(self._faults.lateness(call))
            others = [(name, value) for name, value in headers if name.lower() != "date"]
            headers = [*others, ("Date", formatdate(started + self._faults.skew(call), usegmt=True))]
            entry.status = int(status.split()[0])
            entry.misfits = check.misfits(request, entry.role is not None, entry.status, entry.error, body)
        except Dropped:
            _hang_up(environ)
        finally:
            entry.ms = round((time.time() - started) * 1000, 1)
            self._journal.write(entry)
        start_response(status, headers)
        return [body]

    def _answer(self, request: ApiRequest, call: Call, environ: dict[str, Any], entry: Entry) -> Answer:
        try:
            if copies.seed is not None and not self._rates.allow(request):
                raise _throttled(request.protocol)
            fault = self._strike(call, request.protocol)
            check_clock(self._faults.skew(call), request.protocol)
            with LOCK:
                principal = authenticate(request)
                entry.role = principal.role
                if fault is not None and fault.effect == "deny":
                    raise denied(request, principal, fault.reason)
                authorize(request, principal, entry)
                if size := self._faults.page_size(call):
                    request.cut_pages(size, environ)
                # Whoever sends this header itself would be in any account.
                environ["HTTP_X_MOTO_ACCOUNT_ID"] = principal.account
                with copies.answering(for_role=principal.role is not None):
                    status, headers, body = self._ask_moto(environ)
                if is_anothers(request) or is_withheld(request, principal, status):
                    raise ApiError(Refusal.DENIED, "Access Denied")
            entry.error = _error_code(status, headers, body)
            return status, headers, body
        except ApiError as error:
            entry.error = error.code(request.protocol)[1]
            return render(error, request.protocol)
        except Dropped:
            entry.error = "Dropped"
            raise
        except Exception as cause:
            # moto has no such action, or a defect: the caller gets what AWS would say, the log the cause.
            traceback.print_exc(file=sys.stderr)
            failure = ApiError(Refusal.INTERNAL, f"The lab cannot do {request.action}: {type(cause).__name__}")
            entry.error = failure.code(request.protocol)[1]
            return render(failure, request.protocol)

    def _strike(self, call: Call, protocol: Protocol) -> Fault | None:
        fault = self._faults.striking(call)
        match fault and fault.effect:
            case "drop":
                raise Dropped
            case "throttle":
                raise _throttled(protocol)
            case "error":
                raise ApiError(Refusal.INTERNAL, "An internal error occurred, by a fault of the lab")
        return fault

    def _ask_moto(self, environ: dict[str, Any]) -> Answer:
        chunks, status, headers = run_wsgi_app(self._moto, environ)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return status, list(headers.items()), body


class Handler(MotoRequestHandler):
    """Answers without the delay that Nagle's algorithm puts between headers and body."""

    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Sets the connection up."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begins an answer; its date is the API's."""
        self.log_request(code)
        self.send_response_only(code, message)

    def log(self, type: str, message: str, *args: Any) -> None:
        """The journal has every request; only errors go to the log."""
        if type == "error":
            print("api:", message % args if args else message, file=sys.stderr, flush=True)


def server(address: tuple[str, int], app: Api) -> BaseWSGIServer:
    """A threaded server for the API; port 0 takes a free one."""
    return make_server(*address, app, threaded=True, request_handler=Handler)


def _throttled(protocol: Protocol) -> ApiError:
    return ApiError(Refusal.THROTTLED, "Request limit exceeded." if protocol is Protocol.EC2 else "Rate exceeded")


def _hang_up(environ: dict[str, Any]) -> None:
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _error_code(status: str, headers: list[tuple[str, str]], body: bytes) -> str | None:
    if int(status.split()[0]) < 400:
        return None
    for name, value in headers:
        if name.lower() == "x-amzn-errortype":
            return value.split(":")[0]
    try:
        return str(json.loads(body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        match = re.search(rb"<Code>([^<]+)</Code>", body)
        return match[1].decode() if match else "Unknown"
