"""What is explored: host threads that run commands, as a litmus file or a script states them.

Commands are the host's side of the semantics (systems.md B.1, W4: instantiation by the calling thread). A program
says nothing of verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from semantics.diagnostics import Span
from semantics.syntax.modules import Module
from semantics.syntax.types import ValType

ANYBODY = "*"
"""In the place of a sender's name: whoever it is."""


class Sent(Enum):
    """What a message may carry besides numbers."""

    MODULE = "module"
    SHARED_MEMORY = "shared memory"
    OTHER = "what cannot be cloned"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who provides an import: an export of an instance that an earlier command made."""

    instance: str
    export: str


@dataclass(frozen=True, slots=True)
class Instantiate:
    """Makes `instance` from a validated module; `providers` stand in the order of `module.imports`, None where the
    design's embedder provides the import."""

    instance: str
    module: Module
    providers: tuple[Provider | None, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Invoke:
    """Calls an export with arguments: constants, or registers of the thread, by name. While it runs, and after, the
    thread's registers are the named locals of the called function, each as `prefix + name`; its results go to the
    registers `results`. A trap ends the command; `trap_register`, where given, is then 1, else 0, and the thread goes
    on; where it is not given the trap ends the thread."""

    instance: str
    export: str
    arguments: tuple[tuple[ValType, int | str], ...] = ()
    results: tuple[str, ...] = ()
    prefix: str = ""
    trap_register: str | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Get:
    """Reads an exported global into a register."""

    instance: str
    export: str
    result: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Spawn:
    """Starts a host thread: SPAWN, then its START, are ordered before its first command."""

    thread: HostThread
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Join:
    """Blocks until the host thread of that name has ended (done or trap); its END is ordered before what follows."""

    thread: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Post:
    """postMessage to the host thread of that name (W2): `numbers` are sent; of the objects that go along it matters
    what they are. One that cannot be cloned is an exception, which ends the thread."""

    thread: str
    numbers: tuple[tuple[ValType, int | str], ...] = ()
    objects: frozenset[Sent] = frozenset()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Receive:
    """Waits for the next message from the host thread of that name (W3): its numbers go to registers. Messages from one
    thread to another arrive in the order of their posting; all that their sender did before is ordered before what
    follows. Blocks for ever where there is no such message. From ANYBODY: the next message of the
    inbox, which has those that no command before takes by name, in the order of their posting; only such commands may
    follow."""

    thread: str
    results: tuple[tuple[ValType, str], ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ends another host thread, at any point, without any order (W5)."""

    thread: str
    span: Span | None = field(default=None, compare=False, repr=False)


Command = Instantiate | Invoke | Get | Spawn | Join | Post | Receive | Terminate


@dataclass(frozen=True, slots=True)
class HostThread:
    """A host thread: its name in reports and its commands."""

    name: str
    commands: tuple[Command, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A named byte range of an exported memory, read after everything: `size` bytes, or an exported global."""

    name: str
    instance: str
    export: str
    offset: int = 0
    size: int = 4


@dataclass(frozen=True, slots=True)
class Program:
    """`main` is the host's first thread; `cells` are named for reports, `observed` cells are read at the end."""

    name: str
    main: HostThread
    cells: tuple[Cell, ...] = ()
    observed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where unfolding stops. `loop`: iterations of one loop entry on a path; `calls`: nested calls; `threads`, `nodes`,
    `events`, `steps`: threads, path nodes, events and reduction steps in all; `seconds`: wall time (None: no limit).
    What a bound cuts is a CUT leaf or an `incomplete` note."""

    loop: int = 8
    calls: int = 256
    threads: int = 256
    nodes: int = 20_000
    events: int = 10_000
    steps: int = 1_000_000
    seconds: float | None = None
