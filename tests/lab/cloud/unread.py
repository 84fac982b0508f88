"""Output that nobody reads any more: on standard output it ends the program quietly, on standard error it is lost.

Python ignores SIGPIPE, and complains of the pipe instead: where it writes, or when it ends.
"""

from __future__ import annotations

import io
import os
import sys

# What a shell shows for a program that SIGPIPE has ended.
UNREAD = 141


class _Answers(io.FileIO):
    def write(self, data: bytes, /) -> int | None:  # type: ignore[override]
        """Writes, or ends the program: at its end nothing could be raised any more."""
        try:
            return super().write(data)
        except BrokenPipeError:
            os._exit(UNREAD)


class _Messages(io.FileIO):
    def write(self, data: bytes, /) -> int | None:  # type: ignore[override]
        """Writes, or says that it did."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def install() -> None:
    """Makes it so for both."""
    sys.stdout = _like(sys.stdout, _Answers)
    sys.stderr = _like(sys.stderr, _Messages)


def _like(stream: io.TextIOWrapper, kind: type[io.FileIO]) -> io.TextIOWrapper:
    stream.flush()
    file = kind(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
