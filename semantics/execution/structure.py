"""The event structure: every thread unfolded to a tree of events, all trees in one structure.

A *node* is a straight piece of one path: a list of events after which the path ends in a leaf or forks.
`condition` must hold in an execution that enters it; siblings are alternatives, of which an execution chooses
exactly one (their conditions need not exclude each other: each may speak of its own events). A concrete execution
so chooses one leaf for every thread that exists; an event exists iff its node is chosen. A node that is neither a
leaf nor has children is a path that the unfolding refuted or dropped as redundant: no execution enters it.

Program order: a before b iff both are of one thread and a stands earlier on the path to b. `asw`
("additional synchronises-with") holds the edges of Fig. 11 that need no matching: spawn -> start of the child,
end of a joined thread -> the join, initial event -> everything is *not* listed (it is implied, see `init`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from semantics.diagnostics import Span
from semantics.runtime.actions import Action, Location, Region, writing
from semantics.syntax.types import ValType
from semantics.terms import Sym, Term


class Kind(Enum):
    """What an event is. ACCESS, INIT, WAIT, NOTIFY and OBSERVE carry memory actions; END and JOIN where
    threads have handles."""

    INIT = "init"  # the initial store or an instantiation: its writes start the objects' lives
    ACCESS = "access"
    WAIT = "wait"  # read of a wait that found the expected value: the thread suspends here (wait')
    NOTIFY = "notify"  # notify'
    WOKEN = "woken"  # first event after a suspension that a notify ended (Fig. 11, row 3)
    TIMEOUT = "timeout"  # first event after a suspension that its timeout ended (Fig. 11, row 5)
    SPAWN = "spawn"  # fork', or a script's thread command
    START = "start"  # first event of a spawned thread
    END = "end"  # last event of a thread that terminated (values or trap); its actions show it in the thread's handle
    JOIN = "join"  # a script's wait for a thread's end, or that of a thread that reads it from a handle
    FENCE = "fence"
    OBSERVE = "observe"  # reads the final store, after everything: `locations`, conditions on memory


class Status(Enum):
    """How a path of a thread ends."""

    DONE = "done"
    TRAP = "trap"
    BLOCKED = "blocked"  # suspended for ever: wait' without notify or timeout, a join of a blocked thread
    EXIT = "exit"  # ended the program, with an exit code: the register EXIT_CODE
    CANCELLED = "cancelled"  # asked to, it ended at a suspension (systems.md B.7)
    KILLED = "killed"  # another thread ended the program before this one came to an end
    CUT = "cut"  # a bound stopped the unfolding here: outcomes may be missing beyond


EXIT_CODE = "exit"
"""The register of a thread with status EXIT that has the program's exit code; it hides a local variable `$exit`."""


class Fate(Enum):
    """What becomes of a suspended wait; the value of its `fate` symbol is the wait's result where it has one."""

    WOKEN = 0
    TIMEOUT = 2
    BLOCKED = 3


@dataclass(frozen=True, slots=True)
class Event:
    """ev ::= (act*)_h: a set of actions taken at once, at most one per region; or a marker without actions."""

    id: int
    thread: int  # index into EventStructure.threads
    node: int  # index into EventStructure.nodes
    kind: Kind
    actions: tuple[Action, ...] = ()
    rule: str = ""  # the row that emitted it, as "load-ok"
    span: Span | None = None
    text: str = ""  # the instruction, as "i32.load offset=4"
    queue: Location | None = None  # WAIT, NOTIFY, WOKEN, TIMEOUT, ACCESS of a wait that is over at once: whose waiters
    fate: Sym | None = None  # WAIT: a symbol of width 2 with a value of Fate
    limit: Term = 0  # NOTIFY: at most so many waiters are woken (unsigned 32 bits)
    count: Sym | None = None  # NOTIFY: how many were woken
    peer: int | None = None  # WOKEN, TIMEOUT: the WAIT event; SPAWN, START, END, JOIN: the other thread
    notears: bool | None = None  # threads proposal (S6): the instruction's no-tear flag; None for no data access


MADE = "instantiate"
"""The access that is the making of an object."""


class Touch(NamedTuple):
    """An access to a local object: the instruction, where it stands, whether it writes."""

    text: str
    span: Span | None
    writes: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a path: its status, the thread's registers (name -> value) and, where it says more, a reason. `traps`
    gives the reason of each command that trapped, by its trap register, in the specification's words. `ends`: the
    thread ends the program here (WS6, systems.md B.2), of which there is at most one in an execution.
    `touched`: the first access of the path to each local object that it accessed, or made for itself, by address
    (INV-C); a cell that a thread has for itself does not count."""

    status: Status
    registers: Mapping[str, Term]
    reason: str = ""
    traps: Mapping[str, str] = field(default_factory=dict)
    ends: bool = False
    touched: Mapping[int, Touch] = field(default_factory=dict)


@dataclass(slots=True)
class PathNode:
    """A node of a thread's tree. `parent` is None only for the root of a thread that always runs; the root of a
    spawned thread has as parent the node of the SPAWN event. `condition`: terms of width 1 that all hold."""

    id: int
    thread: int
    parent: int | None
    condition: tuple[Term, ...]
    events: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)  # of the same thread
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread: `root` is its first node; `spawn` the SPAWN event that created it, None for the host's first."""

    id: int
    name: str
    root: int
    spawn: int | None = None
    register_types: Mapping[str, ValType] = field(default_factory=dict)
    hidden: bool = False  # the host's own thread, of which reports do not speak


class Origin(Enum):
    """Where a symbol comes from."""

    READ = "read"  # value of the reading action of `event` on `region`
    CHOICE = "choice"  # free: memory.grow may fail, ...
    FATE = "fate"  # of the WAIT `event`: a Fate value
    COUNT = "count"  # of the NOTIFY `event`: how many waiters it woke
    ENDED = "ended"  # width 1: whether thread `thread` came to its end (DONE, TRAP, CANCELLED), and others go on
    OVER = "over"  # width 1: whether some thread reached a leaf that ends the program
    WRITTEN = "written"  # width 1: whether an event after the initial one writes `region`: of what a host's event did


@dataclass(frozen=True, slots=True)
class SymbolInfo:
    """What a symbol stands for."""

    origin: Origin
    event: int | None = None
    region: Region | None = None
    thread: int | None = None


@dataclass(slots=True)
class EventStructure:
    """All candidate executions of a program, up to the bounds.

    `init` is the id of the initial event: happens-before everything else (A.6, item 6). `asw` are pairs of
    event ids. `incomplete` says what the unfolding left out other than CUT leaves (empty: nothing).
    `behind`: where a path was cut, why writes behind the cut might steer even what stands before it, in a model
    that lets a read see what program order puts later ("": they cannot). `references` are the regions whose values are
    references. `region_names` are for people: {region: "x"}; `cells` names byte ranges: {"x": (location, size)}.
    """

    events: list[Event]
    nodes: list[PathNode]
    threads: list[Thread]
    symbols: dict[Sym, SymbolInfo]
    asw: list[tuple[int, int]]
    init: int
    region_names: dict[Region, str] = field(default_factory=dict)
    cells: dict[str, tuple[Location, int]] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    behind: str = ""
    references: frozenset[Region] = frozenset()
    rules: dict[str, int] = field(default_factory=dict)  # rule name -> how often it fired

    def path(self, node: int) -> list[int]:
        """Node ids from the thread's root to `node`, within one thread."""
        thread = self.nodes[node].thread
        found = []
        at: int | None = node
        while at is not None and self.nodes[at].thread == thread:
            found.append(at)
            at = self.nodes[at].parent
        return found[::-1]

    def before(self) -> list[int]:
        """For each event, the bit mask of the events that are po-before it. O(events * depth)."""
        masks = [0] * len(self.events)
        done: dict[int, int] = {}  # node -> mask of all events up to its end
        for node in self.nodes:  # parents precede children
            parent = node.parent
            mask = done[parent] if parent is not None and self.nodes[parent].thread == node.thread else 0
            for event in node.events:
                masks[event] = mask
                mask |= 1 << event
            done[node.id] = mask
        return masks

    def static_hb(self) -> list[int]:
        """hb0: for each event, the mask of events before it in the closure of po, asw and init-first.

        An edge a -> b of hb0 holds in every execution in which a and b both exist.
        """
        before = self.before()
        sources: dict[int, int] = {}
        for a, b in self.asw:
            sources[b] = sources.get(b, 0) | 1 << a
        return close(before, sources, self.init)

    def leaves(self, thread: int) -> list[int]:
        """Ids of the leaf nodes of one thread."""
        return [n.id for n in self.nodes if n.thread == thread and n.leaf is not None]


DECIDED = (Origin.ENDED, Origin.OVER, Origin.WRITTEN)
"""Origins of symbols that say which nodes are chosen."""


def deciding(nodes: Iterable[PathNode], events: Sequence[Event], info: SymbolInfo) -> list[PathNode]:
    """The nodes of which one is chosen iff a symbol of an origin in DECIDED is 1."""
    if info.origin is Origin.WRITTEN:
        return [n for n in nodes if any(_writes(events[e], info.region) for e in n.events)]
    if info.origin is Origin.OVER:
        return [n for n in nodes if n.leaf is not None and n.leaf.ends]
    mine = [(n, n.leaf) for n in nodes if n.thread == info.thread and n.leaf is not None]
    return [n for n, leaf in mine if leaf.status in _ENDED and not leaf.ends]


_ENDED = (Status.DONE, Status.TRAP, Status.CANCELLED)


def _writes(event: Event, region: Region | None) -> bool:
    return event.kind is not Kind.INIT and any(writing(a) and a.location.region == region for a in event.actions)


def close(before: list[int], sources: Mapping[int, int], init: int) -> list[int]:
    """Closes `before` (masks, transitive) under the extra edges `sources` (target -> mask) and init-first."""
    count = len(before)
    masks = [m | (0 if e == init else 1 << init) for e, m in enumerate(before)]
    for target, mask in sources.items():
        masks[target] |= mask
    changed = bool(sources)
    while changed:
        changed = False
        for e in range(count):
            mask = rest = masks[e]
            while rest:
                low = rest & -rest
                mask |= masks[low.bit_length() - 1]
                rest ^= low
            if mask != masks[e]:
                masks[e] = mask
                changed = True
    return masks
