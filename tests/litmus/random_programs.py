"""Random small programs as litmus text, and an interpreter of their own that interleaves them step by step.

The interpreter knows nothing of weft: it is the third voice for sequential consistency.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

PAGE = 65536
SUFFIX = {1: "8", 2: "16", 4: ""}


@dataclass(frozen=True)
class Op:
    """kind: load, store, add, cmpxchg, size, grow, get, set. `value` is what is stored or added, `expected` what a
    cmpxchg looks for, `when` a register that must be non-zero for the operation to run."""

    kind: str
    address: int = 0
    size: int = 4
    atomic: bool = False
    value: int = 0
    expected: int = 0
    register: str = ""
    when: str = ""
    acqrel: bool = False  # acquire and release, not sequentially consistent

    def text(self) -> str:
        """The operation as a line of a thread block."""
        line = self._line()
        if not self.when:
            return f"  {line}"
        assigned = f"(local.set ${self.register} {self._folded()})" if self.register else self._folded()
        return f"  (if (local.get ${self.when}) (then {assigned}))"

    def _line(self) -> str:
        return f"(local.set ${self.register} {self._folded()})" if self.register else self._folded()

    def _folded(self) -> str:
        width, mode = SUFFIX[self.size], "atomic." if self.atomic else ""
        at = f"{'acqrel ' * self.acqrel}(i32.const {self.address})"
        unsigned = "_u" if width else ""
        match self.kind:
            case "load":
                return f"(i32.{mode}load{width}{unsigned} {at})"
            case "store":
                return f"(i32.{mode}store{width} {at} (i32.const {self.value}))"
            case "add":
                return f"(i32.atomic.rmw{width}.add{unsigned} {at} (i32.const {self.value}))"
            case "cmpxchg":
                operands = f"(i32.const {self.expected}) (i32.const {self.value})"
                return f"(i32.atomic.rmw{width}.cmpxchg{unsigned} {at} {operands})"
            case "size":
                return "(memory.size)"
            case "grow":
                return "(memory.grow (i32.const 1))"
            case "get":
                return f"(global.get{self._suffix()} $g)"
        return f"(global.set{self._suffix()} $g (i32.const {self.value}))"

    def _suffix(self) -> str:
        """The order of an access of a global."""
        return "" if not self.atomic else ".acqrel" if self.acqrel else ".seqcst"


@dataclass(frozen=True)
class RandomProgram:
    """Threads of operations; memory 0 has one page and may have two; `g` is a shared global."""

    threads: tuple[tuple[Op, ...], ...]

    def litmus(self) -> str:
        """The program as a test without condition, all registers shown."""
        registers = {i: sorted({op.register for op in t if op.register}) for i, t in enumerate(self.threads)}
        blocks = []
        for i, thread in enumerate(self.threads):
            declared = [f"i32 {i}:{r} = 0;" for r in registers[i]]
            blocks.append((declared, f"thread T{i} {{\n" + "\n".join(op.text() for op in thread) + "\n}"))
        state = " ".join(d for declared, _ in blocks for d in declared)
        shown = " ".join(f"{i}:{r};" for i, names in registers.items() for r in names)
        return (
            "WASM random\n"
            f"{{ memory 1 2; {state} }}\n"
            "module { (global $g shared (mut i32) (i32.const 0)) }\n"
            + "\n".join(block for _, block in blocks)
            + (f"\nlocations [{shown}]" if shown else "")
            + "\n"
        )


def generate(rng: random.Random) -> RandomProgram:
    """Two or three threads of one to three operations, crowded on few bytes."""
    budget = rng.choice((3, 4, 4, 5))
    threads: list[list[Op]] = [[] for _ in range(rng.choice((2, 2, 3)))]
    near_end = rng.random() < 0.15
    for step in range(budget):
        thread = threads[step % len(threads)] if rng.random() < 0.7 else rng.choice(threads)
        size = rng.choice((1, 2, 2, 4))
        atomic = rng.random() < 0.5
        address = rng.choice((0, 0, 2, 4)) if atomic or rng.random() < 0.8 else rng.choice((1, 3))
        if atomic:
            address -= address % size
        if near_end:
            address += PAGE - 4
        value = rng.choice((1, 2, 0x0201, 0x04030201))
        register = f"r{len(thread)}"
        earlier = [op.register for op in thread if op.register]
        when = rng.choice(earlier) if earlier and rng.random() < 0.25 else ""
        kind = rng.choices(
            ("load", "store", "add", "cmpxchg", "size", "grow", "get", "set"), (30, 30, 10, 6, 3, 5, 8, 8)
        )[0]
        if kind in ("add", "cmpxchg"):
            atomic = True
            address -= address % size
        if kind in ("store", "set"):
            register = ""
        thread.append(Op(kind, address, size, atomic, value, rng.choice((0, 1)), register, when))
    return RandomProgram(tuple(tuple(t) for t in threads))


def crowd(rng: random.Random) -> RandomProgram:
    """Two threads of two or three aligned words on two locations: the shapes that sc-last-visible speaks of."""
    threads = []
    for _ in range(2):
        ops = []
        for i in range(rng.choice((2, 3))):
            kind, atomic = rng.choice(("load", "store")), rng.random() < 0.7
            register = f"r{i}" if kind == "load" else ""
            ops.append(Op(kind, rng.choice((0, 4)), 4, atomic, rng.choice((1, 2)), register=register))
        threads.append(tuple(ops))
    return RandomProgram(tuple(threads))


Final = tuple[tuple[tuple[str, int], ...], tuple[str, ...]]
"""Registers as (("T0:r0", value), ...), sorted, and the threads' statuses."""


def interleavings(program: RandomProgram) -> set[Final]:
    """Every final state that some interleaving of whole operations reaches; growth may also fail."""
    start = ({}, PAGE, 0, tuple(0 for _ in program.threads), ({},) * len(program.threads), ())
    found: set[Final] = set()
    seen = set()
    stack = [start]
    while stack:
        memory, pages, g, at, registers, trapped = stack.pop()
        key = (tuple(sorted(memory.items())), pages, g, at, tuple(tuple(sorted(r.items())) for r in registers), trapped)
        if key in seen:
            continue
        seen.add(key)
        live = [i for i, t in enumerate(program.threads) if at[i] < len(t) and i not in trapped]
        if not live:
            final = {f"T{i}:{op.register}": 0 for i, t in enumerate(program.threads) for op in t if op.register}
            final |= {f"T{i}:{r}": v for i, rs in enumerate(registers) for r, v in rs.items()}
            statuses = tuple("trap" if i in trapped else "done" for i in range(len(program.threads)))
            found.add((tuple(sorted(final.items())), statuses))
        for i in live:
            op = program.threads[i][at[i]]
            moved = (*at[:i], at[i] + 1, *at[i + 1 :])
            if op.when and not registers[i].get(op.when, 0):
                stack.append((memory, pages, g, moved, registers, trapped))
                continue
            for result in _run(op, memory, pages, g):
                if result is None:
                    stack.append((memory, pages, g, at, registers, (*trapped, i)))
                    continue
                memory2, pages2, g2, value = result
                own = registers[i] if value is None else {**registers[i], op.register: value}
                stack.append((memory2, pages2, g2, moved, (*registers[:i], own, *registers[i + 1 :]), trapped))
    return found


def _run(
    op: Op, memory: dict[int, int], length: int, g: int
) -> Iterator[tuple[dict[int, int], int, int, int | None] | None]:
    """The results of one operation: (memory, length, global, value); None for a trap."""
    if op.kind == "size":
        yield memory, length, g, length // PAGE
    elif op.kind == "grow":
        yield memory, length, g, 0xFFFFFFFF
        if length < 2 * PAGE:
            yield memory, length + PAGE, g, length // PAGE
    elif op.kind == "get":
        yield memory, length, g, g
    elif op.kind == "set":
        yield memory, length, op.value, None
    elif op.address + op.size > length:
        yield None
    else:
        span = range(op.address, op.address + op.size)
        old = int.from_bytes(bytes(memory.get(k, 0) for k in span), "little")
        new = {"load": old, "store": op.value, "add": old + op.value}.get(
            op.kind, op.value if old == op.expected else old
        )
        stored = (new % (1 << 8 * op.size)).to_bytes(op.size, "little")
        changed = {**memory, **dict(zip(span, stored, strict=True))}
        yield changed, length, g, None if op.kind == "store" else old
