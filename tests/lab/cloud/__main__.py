"""Starts the control plane: ``python -m cloud --api HOST:PORT``; ``--help`` tells what else it serves."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from . import (
    account,
    admin,
    api,
    autoscaling,
    balancers,
    console,
    copies,
    files,
    group_calls,
    group_deletion,
    hooks,
    images,
    imds,
    instances,
    interfaces,
    interruptions,
    parameters,
    patience,
    protection,
    refresh,
    stack_deletion,
    stacks,
    unread,
    world,
)
from .faults import Faults
from .journal import Journal

# Python lets a thread run for 5 ms before another's turn: a machine that asks for several values of its
# metadata in the same moment waited 18 ms for each.
_TURN_SECONDS = 0.0002

_PARTS = (
    account,
    instances,
    interfaces,
    images,
    console,
    autoscaling,
    group_calls,
    group_deletion,
    protection,
    hooks,
    refresh,
    interruptions,
    parameters,
    stacks,
    stack_deletion,
    balancers,
    copies,
)


def main() -> int:
    """Serves until a signal ends it."""
    unread.install()
    options = _parse()
    patience.limit(options.patience)
    console.find_in(options.machines)
    sys.setswitchinterval(_TURN_SECONDS)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for part in _PARTS:
        part.install()
    with contextlib.ExitStack() as cleanup:
        print("ready", *_serve(options, cleanup), flush=True)
        stop.wait()
    return 0


def _serve(options: argparse.Namespace, cleanup: contextlib.ExitStack) -> list[str]:
    """Starts every service that was asked for; tells where each listens."""
    built = world.build()
    account.tag_images()
    faults = Faults()
    journal = Journal(options.journal)
    if options.seed is not None:
        copies.by_seed(options.seed)
    app = api.server(options.api, api.Api(faults, journal))
    address = f"{app.host}:{app.port}"
    listening = [f"api={address}"]
    servers: list[Any] = [app]
    if options.imds:
        servers.append(imds.Server(options.imds, faults, journal))
        listening.append(f"imds={_text(servers[-1])}")
    if options.files:
        servers.append(files.Server(*options.files, faults))
        listening.append(f"files={_text(servers[-1])}")
    if options.admin:
        servers.append(admin.Server(options.admin, admin.Admin(built, faults, address)))
        cleanup.callback(options.admin.unlink, missing_ok=True)
        listening.append(f"admin={options.admin}")
    autoscaling.start_reconciler()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return listening


def _text(server: Any) -> str:
    host, port = server.server_address
    return f"{host}:{port}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cloud", description="The lab's EC2: moto, IMDS, faults and a journal.")
    parser.add_argument("--api", type=_address, required=True, metavar="HOST:PORT", help="the AWS API; port 0 is any")
    parser.add_argument("--imds", type=_address, metavar="HOST:PORT", help="the instance metadata service")
    parser.add_argument("--files", type=_folder, metavar="HOST:PORT=DIR", help="serve a folder")
    parser.add_argument("--admin", type=Path, metavar="SOCKET", help="the admin API's unix socket")
    parser.add_argument(
        "--patience", type=float, default=patience.seconds, metavar="SECONDS", help="what AWS waits an hour for"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="answers come as late as this number has it, at AWS's rates; else at once"
    )
    parser.add_argument(
        "--machines", type=Path, default=Path("machines"), metavar="DIR", help="where each machine's folder is"
    )
    parser.add_argument("--journal", type=Path, metavar="FILE", help="where every request is noted")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: give HOST:PORT")
    return host, int(port)


def _folder(text: str) -> tuple[tuple[str, int], Path]:
    address, equals, folder = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: give HOST:PORT=DIR")
    return _address(address), Path(folder)


if __name__ == "__main__":
    sys.exit(main())
