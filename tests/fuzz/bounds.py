"""Bounds of processor time and memory for one mutant: what exceeds them fails as a crash does."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from semantics.diagnostics import InternalError, StuckConfiguration, WeftError, render

SECONDS = 8.0
MEGABYTES = 1500
LONGEST = 6000
"""Characters of a diagnostic."""


class TooSlow(BaseException):
    """A mutant has used its processor time; no handler of the code under test may take it for its own."""


@contextmanager
def bounded_memory(megabytes: int = MEGABYTES) -> Iterator[None]:
    """Within it the process may take so much more address space than it has; beyond is a MemoryError."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + megabytes * 2**20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def bounded_time(seconds: float = SECONDS) -> Iterator[None]:
    """Within it the process may use so much processor time; beyond is a TooSlow."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fate(judge: Callable[[], str], seconds: float = SECONDS) -> str:
    """The verdict of `judge`, or the family of its diagnostic.

    Everything else escapes: exceptions of Python's, errors of ours (InternalError, StuckConfiguration), TooSlow.
    """
    try:
        with bounded_time(seconds):
            return judge()
    except (InternalError, StuckConfiguration):
        raise
    except WeftError as error:
        assert len(render(error)) < LONGEST, "a diagnostic that nobody reads"
        return error.family
