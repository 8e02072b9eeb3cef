"""Event structures for tests, built by hand or drawn at random, without programs or exploration.

    b = Builder(size=2)                  # one shared memory of 2 bytes, zero; the initial event is event 0
    t = b.thread("T0")
    t.store(0, 1, SEQCST)                # one byte at offset 0 := 1
    r = t.load(1, SEQCST)                # a symbol, kept in register r0 of T0
    full, empty = t.branch(equals(r, 1)) # two paths
    structure = b.build()

`random_structure(random.Random(seed))` draws a small structure; with hypothesis, `random_structure(draw(randoms()))`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from semantics.execution.structure import (
    Event,
    EventStructure,
    Fate,
    Kind,
    Leaf,
    Origin,
    PathNode,
    Status,
    SymbolInfo,
    Thread,
)
from semantics.runtime.actions import Action, Field, Image, Location, Read, Region, Rmw, Write
from semantics.syntax.types import Order
from semantics.terms import Sym, Term, apply, extract, negate

UNORD, ACQREL, SEQCST, INIT = Order.UNORD, Order.ACQREL, Order.SEQCST, Order.INIT
DATA, LEN = Region(1, Field.DATA), Region(1, Field.LEN)
VAL = Region(2, Field.VAL)
FRESH = Region(3, Field.VAL)
"""The regions: bytes and length of the memory at address 1, the globals at addresses 2 (of references) and 3 (which a
thread creates)."""


def equals(term: Term, value: Term) -> Term:
    """The condition term = value."""
    width = 32 if isinstance(term, int) else term.width
    return apply("eq", 1, term, value, arg_width=width)


def fitted(term: Term, bits: int) -> Term:
    """A term truncated or extended with zeros to a width."""
    if isinstance(term, int):
        return term & ((1 << bits) - 1)
    if term.width >= bits:
        return extract(term, 0, bits)
    return apply("zext", bits, term, arg_width=term.width)


@dataclass
class Builder:
    """Collects threads; `size` bytes of memory (initially `content`, else 0), `pages` in its length region, `glob`
    in the global. `order` is that of the initialising writes."""

    size: int = 2
    content: tuple[int, ...] = ()
    pages: int = 1
    glob: int = 0
    order: Order = UNORD
    structure: EventStructure = field(init=False)
    paths: dict[int, Path] = field(default_factory=dict)  # node -> path

    def __post_init__(self) -> None:
        self.structure = EventStructure([], [], [], {}, [], 0, references=frozenset({VAL}))
        host = self.thread("host", hidden=True)
        image = Image(self.size, tuple(enumerate(self.content)))
        host.emit(
            Kind.INIT,
            Write(self.order, Location(DATA), self.size, image),
            Write(self.order, Location(LEN), 1, self.pages),
            Write(self.order, Location(VAL), 1, self.glob),
        )
        self.host = host

    def thread(self, name: str, *, parent: Path | None = None, hidden: bool = False) -> Path:
        """A new thread: always running, or spawned by `parent` at this point."""
        s = self.structure
        spawn = parent.emit(Kind.SPAWN) if parent is not None else None
        root = PathNode(len(s.nodes), len(s.threads), parent.node.id if parent is not None else None, ())
        s.nodes.append(root)
        s.threads.append(Thread(root.thread, name, root.id, spawn, {}, hidden))
        path = Path(self, root, {})
        if spawn is not None:
            s.asw.append((spawn, path.emit(Kind.START)))
        return path

    def build(self, observe: tuple[tuple[str, int, int], ...] = ()) -> EventStructure:
        """The structure; open paths end in DONE. `observe`: (name, offset, size) of bytes read after everything."""
        s = self.structure
        others = [e.id for e in s.events]
        for name, offset, size in observe:
            symbol = self.symbol(8 * size, name)
            event = self.host.emit(Kind.OBSERVE, Read(UNORD, Location(DATA, offset), size, symbol))
            s.symbols[symbol] = SymbolInfo(Origin.READ, event, DATA)
            s.asw.extend((other, event) for other in others)
            self.host.registers[name] = symbol
        for node in s.nodes:
            if node.leaf is None and not node.children:
                path = self.paths[node.id]
                node.leaf = Leaf(Status.DONE, path.registers)
        return s

    def symbol(self, bits: int, hint: str = "") -> Sym:
        """A fresh symbol."""
        return Sym(len(self.structure.symbols) + 1, bits, hint)


@dataclass
class Path:
    """The end of one path of a thread, where events are added."""

    builder: Builder
    node: PathNode
    registers: dict[str, Term]

    def __post_init__(self) -> None:
        self.builder.paths[self.node.id] = self

    def emit(self, kind: Kind, *actions: Action, **fields: object) -> int:
        """Adds an event, returns its id."""
        s = self.builder.structure
        event = Event(len(s.events), self.node.thread, self.node.id, kind, actions, **fields)  # type: ignore[arg-type]
        s.events.append(event)
        self.node.events.append(event.id)
        return event.id

    def _fresh(self, bits: int, region: Region, register: bool = True) -> Sym:
        symbol = self.builder.symbol(bits, f"r{len(self.registers)}")
        self.builder.structure.symbols[symbol] = SymbolInfo(Origin.READ, len(self.builder.structure.events), region)
        if register:
            self.registers[f"r{len(self.registers)}"] = symbol
        return symbol

    def _checked(self, guard: bool) -> tuple[Action, ...]:
        """The implicit length read of an access; it is kept in a register so that outcomes show it."""
        return (Read(UNORD, Location(LEN), 1, self._fresh(32, LEN)),) if guard else ()

    def load(
        self, offset: int, order: Order = UNORD, size: int = 1, *, notears: bool = False, guard: bool = False
    ) -> Sym:
        """Reads `size` bytes at `offset`."""
        first = self._checked(guard)
        symbol = self._fresh(8 * size, DATA)
        self.emit(Kind.ACCESS, *first, Read(order, Location(DATA, offset), size, symbol), notears=notears)
        return symbol

    def store(
        self,
        offset: int,
        value: Term,
        order: Order = UNORD,
        size: int = 1,
        *,
        notears: bool = False,
        guard: bool = False,
    ) -> int:
        """Writes `size` bytes at `offset`."""
        write = Write(order, Location(DATA, offset), size, fitted(value, 8 * size))
        return self.emit(Kind.ACCESS, *self._checked(guard), write, notears=notears)

    def fence(self) -> None:
        """A sequentially consistent fence."""
        self.emit(Kind.FENCE)

    def rmw(self, offset: int, op: str, operand: Term, size: int = 1, order: Order = SEQCST) -> Sym:
        """An atomic read-modify-write: `op` is an operator of the terms, or "xchg"."""
        old = self._fresh(8 * size, DATA)
        operand = fitted(operand, 8 * size)
        new = operand if op == "xchg" else apply(op, 8 * size, old, operand)
        self.emit(Kind.ACCESS, Rmw(Location(DATA, offset), size, old, new, order), notears=True)
        return old

    def length(self, order: Order = SEQCST) -> Sym:
        """Reads the length, as memory.size does."""
        symbol = self._fresh(32, LEN)
        self.emit(Kind.ACCESS, Read(order, Location(LEN), 1, symbol))
        return symbol

    def grow(self, by: int = 1) -> Sym:
        """Adds to the length, as a growth does (without its zero write)."""
        old = self._fresh(32, LEN)
        self.emit(Kind.ACCESS, Rmw(Location(LEN), 1, old, apply("add", 32, old, by)))
        return old

    def grow_bytes(self, offset: int) -> Sym:
        """Adds 1 to the length and writes a zero byte, as a growth does."""
        old = self._fresh(32, LEN)
        zero = Write(UNORD, Location(DATA, offset), 1, 0)
        self.emit(Kind.ACCESS, Rmw(Location(LEN), 1, old, apply("add", 32, old, 1)), zero)
        return old

    def create(self) -> None:
        """Creates the global FRESH, as an instantiation does."""
        self.emit(Kind.INIT, Write(INIT, Location(FRESH), 1, 7))

    def global_get(self, order: Order = UNORD, region: Region = VAL) -> Sym:
        """Reads a global."""
        symbol = self._fresh(32, region)
        self.emit(Kind.ACCESS, Read(order, Location(region), 1, symbol))
        return symbol

    def global_set(self, value: Term, order: Order = UNORD, region: Region = VAL) -> int:
        """Writes a global."""
        return self.emit(Kind.ACCESS, Write(order, Location(region), 1, fitted(value, 32)))

    def child(self, *conditions: Term) -> Path:
        """A new alternative after this path."""
        s = self.builder.structure
        node = PathNode(len(s.nodes), self.node.thread, self.node.id, conditions)
        s.nodes.append(node)
        self.node.children.append(node.id)
        return Path(self.builder, node, dict(self.registers))

    def branch(self, condition: Term) -> tuple[Path, Path]:
        """The paths where the condition holds and where it does not."""
        return self.child(condition), self.child(negate(condition))

    def end(self, status: Status) -> None:
        """Ends the path with a status."""
        self.node.leaf = Leaf(status, self.registers)

    def wait(self, offset: int, expected: int, *, timeout: bool = False) -> tuple[Path, ...]:
        """memory.atomic.wait on one byte: the paths not-equal, woken and, if asked for, timed out; one more blocks.

        The register named wN holds the result.
        """
        b, name = self.builder, f"w{len(self.registers)}"
        place = Location(DATA, offset)
        suspended, unequal = self.child(), self.child()
        seen = suspended._fresh(8, DATA, register=False)
        suspended.node.condition = (equals(seen, expected),)
        fate = b.symbol(2, "fate")
        wait = suspended.emit(Kind.WAIT, Read(SEQCST, place, 1, seen), queue=place, fate=fate)
        b.structure.symbols[fate] = SymbolInfo(Origin.FATE, wait)
        other = unequal._fresh(8, DATA, register=False)
        unequal.node.condition = (negate(equals(other, expected)),)
        unequal.emit(Kind.ACCESS, Read(SEQCST, place, 1, other), queue=place)
        unequal.registers[name] = 1
        woken = suspended.child(equals(fate, Fate.WOKEN.value))
        woken.emit(Kind.WOKEN, queue=place, peer=wait)
        woken.registers[name] = 0
        paths = [unequal, woken]
        if timeout:
            late = suspended.child(equals(fate, Fate.TIMEOUT.value))
            late.emit(Kind.TIMEOUT, queue=place, peer=wait)
            late.registers[name] = 2
            paths.append(late)
        suspended.child(equals(fate, Fate.BLOCKED.value)).end(Status.BLOCKED)
        return tuple(paths)

    def notify(self, offset: int, limit: Term = 1) -> Sym:
        """memory.atomic.notify: the count, kept in a register."""
        count = self.builder.symbol(32, "count")
        event = self.emit(Kind.NOTIFY, queue=Location(DATA, offset), limit=limit, count=count)
        self.builder.structure.symbols[count] = SymbolInfo(Origin.COUNT, event)
        self.registers[f"n{len(self.registers)}"] = count
        return count


@dataclass(frozen=True)
class Shape:
    """What random structures look like: numbers are chances in [0, 1] unless said otherwise."""

    threads: tuple[int, int] = (2, 3)  # fewest, most
    accesses: tuple[int, int] = (1, 3)  # per thread
    most: int = 6  # accesses in all
    bytes: int = 2  # of memory
    seqcst: float = 0.5
    wide: float = 0.3  # two bytes, at any offset
    rmw: float = 0.15
    store: float = 0.45
    other: float = 0.15  # an access of the length or of the global
    guard: float = 0.1  # with an implicit length read
    depends: float = 0.2  # a store writes what was read before
    branch: float = 0.1  # after a load
    waits: float = 0.0  # a wait or notify
    spawn: float = 0.1  # a thread is spawned by the one before it
    fence: float = 0.0  # a sequentially consistent fence
    acqrel: float = 0.0  # of what is seqcst: acqrel instead
    objects: float = 0.0  # growth with its zeros, or an access of the global that the first thread creates


SMALL = Shape()
WAITING = Shape(threads=(2, 2), accesses=(1, 2), bytes=1, wide=0, waits=0.6, other=0, guard=0)
FENCED = Shape(threads=(2, 2), accesses=(2, 3), fence=0.3, wide=0, rmw=0.05, guard=0, branch=0, other=0.05)
RELEASING = Shape(
    threads=(2, 3), accesses=(1, 3), fence=0.1, acqrel=0.6, seqcst=0.8, wide=0.1, guard=0, branch=0, most=5
)
SYNCHRONISING = Shape(
    threads=(2, 2), accesses=(2, 3), bytes=2, seqcst=0.8, wide=0, rmw=0.05, other=0, guard=0, branch=0
)


def random_structure(rng: random.Random, shape: Shape = SMALL) -> EventStructure:
    """A small structure; every read, wait and notify shows in a register, final bytes are not observed."""
    b = Builder(size=shape.bytes, order=rng.choice((UNORD, INIT)))
    left, values = shape.most, iter(range(1, 100))
    path: Path | None = None
    for number in range(rng.randint(*shape.threads)):
        parent = path if path is not None and rng.random() < shape.spawn else None
        path = b.thread(f"T{number}", parent=parent)
        if shape.objects and number == 0:
            path.create()
        for _ in range(rng.randint(*shape.accesses)):
            if left == 0:
                break
            left -= 1
            path = _access(path, rng, shape, next(values))
    return b.build()


def _access(path: Path, rng: random.Random, shape: Shape, value: int) -> Path:
    order = SEQCST if rng.random() < shape.seqcst else UNORD
    if shape.acqrel and order is SEQCST and rng.random() < shape.acqrel:
        order = ACQREL
    if shape.objects and rng.random() < shape.objects:
        what = rng.randrange(3)
        if what == 0:
            path.grow_bytes(rng.randrange(shape.bytes))
        elif what == 1:
            path.global_set(value, order, FRESH)
        else:
            path.global_get(order, FRESH)
        return path
    if shape.fence and rng.random() < shape.fence:
        path.fence()
        return path
    if rng.random() < shape.waits:
        if rng.random() < 0.5:
            path.notify(0, rng.choice((0, 1, 1, 2)))
            return path
        return rng.choice(path.wait(0, rng.choice((0, 0, 1)), timeout=rng.random() < 0.3))
    if rng.random() < shape.other:
        what = rng.randrange(4)
        if what == 0:
            path.grow()
        elif what == 1:
            path.length(order)
        elif what == 2:
            path.global_set(value, order)
        else:
            path.global_get(order)
        return path
    size = 2 if shape.bytes > 1 and rng.random() < shape.wide else 1
    offset = rng.randint(0, shape.bytes - size)
    flags = {"notears": rng.random() < 0.5, "guard": rng.random() < shape.guard}
    known = [t for t in path.registers.values() if isinstance(t, Sym)]
    stored: Term = rng.choice(known) if known and rng.random() < shape.depends else value
    if rng.random() < shape.rmw:
        exchange = order if order is ACQREL else SEQCST
        path.rmw(offset, rng.choice(("add", "xchg")), stored, size, exchange)
        return path
    if rng.random() < shape.store:
        path.store(offset, stored, order, size, **flags)
        return path
    seen = path.load(offset, order, size, **flags)
    if rng.random() < shape.branch:
        first, second = path.branch(equals(seen, 0))
        second.store(rng.randrange(shape.bytes), value, order)
        return first
    return path
