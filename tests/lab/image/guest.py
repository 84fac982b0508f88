"""Runs in a virtual machine what the host sends over the exec ports, a command a port at a time, as root.

A frame is a letter, a length of four bytes and so many bytes. From the host come ``h`` (hello: JSON with a nonce and the
command), ``i`` (standard input; none is its end). To the host go the nonce as it is, then ``o`` and ``e`` (standard output and
error) and ``x`` (the exit status as text). A host that hangs up ends the command.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

PORTS = [Path(f"/dev/virtio-ports/exec.{number}") for number in range(12)]
HEAD = struct.Struct(">cI")
CHUNK = 65536


class HungUp(Exception):
    """The host is not there any more."""


class Port:
    """One port: frames in both directions."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR)
        self._lock = threading.Lock()
        self._owner: object = None

    def wait(self) -> None:
        """Sleeps until the host has sent something. While it is not there, the port counts as readable and hung up."""
        with select.epoll() as changes:
            changes.register(self._file, select.EPOLLIN | select.EPOLLET)
            while not any(event == select.EPOLLIN for _, event in changes.poll()):
                pass

    def receive(self) -> tuple[bytes, bytes]:
        """The next frame."""
        kind, length = HEAD.unpack(self._read(HEAD.size))
        return kind, self._read(length)

    def take(self, owner: object, nonce: bytes) -> None:
        """From the nonce on, only this owner's frames are sent."""
        with self._lock:
            self._owner = owner
            self._write(nonce)

    def send(self, owner: object, kind: bytes, content: bytes) -> None:
        """Sends a whole frame, unless the port has another owner by now."""
        with self._lock:
            if self._owner is not owner:
                raise HungUp
            self._write(HEAD.pack(kind, len(content)) + content)

    def _write(self, content: bytes) -> None:
        """Waits while the host is not there: the next one that comes drops what is before its nonce."""
        while content:
            content = content[os.write(self._file, content) :]

    def _read(self, length: int) -> bytes:
        content = b""
        while len(content) < length:
            more = os.read(self._file, length - len(content))
            if not more:
                raise HungUp
            content += more
        return content


class Session:
    """One command."""

    def __init__(self, port: Port, hello: dict[str, Any]) -> None:
        self._port = port
        port.take(self, hello["nonce"].encode())
        # Not as the service itself: out of memory, a command is as good to end as any other process.
        adjusted = ["choom", "-n", "0", "--", *hello["argv"]]
        self._child = subprocess.Popen(
            adjusted,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        pumps = [self._start(self._pump, kind, pipe) for kind, pipe in ((b"o", self._child.stdout), (b"e", self._child.stderr))]
        self._start(self._finish, pumps)

    def feed(self, content: bytes) -> None:
        """Passes standard input on; a command that does not read it loses it."""
        try:
            if content:
                self._child.stdin.write(content)
            else:
                self._child.stdin.close()
        except (BrokenPipeError, ValueError):
            pass

    def end(self) -> None:
        """Ends the command and what it started, unless it has ended."""
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)

    def _start(self, work: Any, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        return thread

    def _pump(self, kind: bytes, pipe: Any) -> None:
        try:
            while content := pipe.read(CHUNK):
                self._port.send(self, kind, content)
        except (HungUp, OSError):
            self.end()

    def _finish(self, pumps: list[threading.Thread]) -> None:
        status = self._child.wait()
        for pump in pumps:
            pump.join()
        try:
            # As a shell tells of a signal.
            self._port.send(self, b"x", str(status if status >= 0 else 128 - status).encode())
        except (HungUp, OSError):
            pass


def converse(port: Port) -> None:
    """All that the host says on a port, until it hangs up."""
    session: Session | None = None
    try:
        while True:
            kind, content = port.receive()
            if kind == b"h":
                # The one before hung up so shortly that it was not seen.
                if session:
                    session.end()
                session = Session(port, json.loads(content))
            elif kind == b"i" and session:
                session.feed(content)
    except (HungUp, OSError, ValueError) as cause:
        if not isinstance(cause, HungUp):
            print(f"cannot go on with a command: {cause}")
    finally:
        if session:
            session.end()


def keep(path: Path) -> None:
    """Serves a port for ever. It stays open: what the next command has sent already would be lost."""
    while not path.exists():
        time.sleep(0.1)
    port = Port(path)
    while True:
        port.wait()
        converse(port)


def main() -> None:
    """Serves each port."""
    threads = [threading.Thread(target=keep, args=(path,)) for path in PORTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
