"""Families of growing litmus tests, as straight-line programs that can be written for weft and for herd7.

A program is a list of threads, a thread a list of accesses. The condition is the family's weak outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """kind: "store" (value), "load" (into register) or "add" (rmw.add of value, old value into register)."""

    kind: str
    location: str
    register: str = ""
    value: int = 0


@dataclass(frozen=True)
class Family:
    """One member of a family. `exists` lists (thread, register, value)."""

    name: str
    threads: tuple[tuple[Access, ...], ...]
    exists: tuple[tuple[int, str, int], ...]
    atomic: bool = True

    def locations(self) -> list[str]:
        """All locations, in order of first use."""
        return list(dict.fromkeys(a.location for thread in self.threads for a in thread))

    def litmus(self) -> str:
        """The program as a weft test."""
        dot = "atomic." if self.atomic else ""

        def line(a: Access) -> str:
            match a.kind:
                case "store":
                    return f"i32.{dot}store {a.location} {a.value}"
                case "load":
                    return f"{a.register} = i32.{dot}load {a.location}"
            return f"{a.register} = i32.atomic.rmw.add {a.location} {a.value}"

        state = " ".join(f"i32 {x} = 0;" for x in self.locations())
        blocks = [
            f"thread T{i} {{\n" + "".join(f"  {line(a)}\n" for a in thread) + "}"
            for i, thread in enumerate(self.threads)
        ]
        condition = " /\\ ".join(f"{t}:{r}={v}" for t, r, v in self.exists)
        return "\n".join([f"WASM {self.name}", f"{{ {state} }}", *blocks, f"exists ({condition})", ""])

    def c(self) -> str:
        """The program as a C litmus test for herd7 (relaxed accesses stand for plain ones)."""
        order = "memory_order_seq_cst" if self.atomic else "memory_order_relaxed"

        def line(a: Access) -> str:
            match a.kind:
                case "store":
                    return f"atomic_store_explicit({a.location}, {a.value}, {order});"
                case "load":
                    return f"int {a.register} = atomic_load_explicit({a.location}, {order});"
            return f"int {a.register} = atomic_fetch_add_explicit({a.location}, {a.value}, memory_order_seq_cst);"

        text = [f"C {self.name}", "{}"]
        for i, thread in enumerate(self.threads):
            used = dict.fromkeys(a.location for a in thread)
            text.append(f"P{i}({', '.join(f'atomic_int* {x}' for x in used)}) {{")
            text += [f"  {line(a)}" for a in thread] + ["}"]
        condition = " /\\ ".join(f"{t}:{r}={v}" for t, r, v in self.exists)
        return "\n".join([*text, f"exists ({condition})", ""])


def store(location: str, value: int = 1) -> Access:
    """A store."""
    return Access("store", location, value=value)


def load(register: str, location: str) -> Access:
    """A load."""
    return Access("load", location, register)


def ring(n: int, atomic: bool = True) -> Family:
    """Store buffering in a ring of n threads: 2^n - 1 outcomes when seqcst, 2^n when plain."""
    threads = tuple((store(f"x{i}"), load("r0", f"x{(i + 1) % n}")) for i in range(n))
    return Family(f"ring{n}", threads, tuple((i, "r0", 0) for i in range(n)), atomic)


def iriw(n: int) -> Family:
    """Independent reads of independent writes with n readers, alternating direction."""
    writers = ((store("x"),), (store("y"),))
    readers = tuple((load("r0", "xy"[i % 2]), load("r1", "yx"[i % 2])) for i in range(n))
    exists = tuple((2 + i, r, v) for i in range(2) for r, v in (("r0", 1), ("r1", 0)))
    return Family(f"iriw{n}", writers + readers, exists)


def coherence(n: int, atomic: bool = True) -> Family:
    """Two writers of one location and one reader that reads n times."""
    reader = tuple(load(f"r{i}", "x") for i in range(n))
    exists = ((2, "r0", 1), (2, f"r{n - 1}", 0))
    return Family(f"coherence{n}", ((store("x", 1),), (store("x", 2),), reader), exists, atomic)


def chain(n: int) -> Family:
    """Message passing through n threads, seqcst: each forwards the flag that it read."""
    threads: list[tuple[Access, ...]] = [(store("d"), store("f0"))]
    threads += [(load("r0", f"f{i - 1}"), store(f"f{i}")) for i in range(1, n - 1)]
    threads.append((load("r0", f"f{n - 2}"), load("r1", "d")))
    exists = (*((i, "r0", 1) for i in range(1, n)), (n - 1, "r1", 0))
    return Family(f"chain{n}", tuple(threads), exists)


def counters(n: int) -> Family:
    """n threads that add one each: n! outcomes."""
    threads = tuple((Access("add", "x", "r0", 1),) for _ in range(n))
    return Family(f"counters{n}", threads, tuple((i, "r0", 0) for i in range(n)))


def crossing(n: int) -> Family:
    """n plain stores of distinct values against n plain loads of one location: (n + 1)^n outcomes."""
    stores = tuple(store("x", i + 1) for i in range(n))
    loads = tuple(load(f"r{i}", "x") for i in range(n))
    return Family(f"crossing{n}", (stores, loads), tuple((1, f"r{i}", 0) for i in range(n)), atomic=False)


def classic() -> tuple[Family, ...]:
    """SB MP LB IRIW CoRR 2+2W, plain and seqcst."""
    found = []
    for atomic in (False, True):
        suffix = "+seqcst" if atomic else "+unord"
        both = ((0, "r0", 0), (1, "r0", 0))
        shapes: list[tuple[str, tuple[tuple[Access, ...], ...], tuple[tuple[int, str, int], ...]]] = [
            ("SB", ((store("x"), load("r0", "y")), (store("y"), load("r0", "x"))), both),
            ("MP", ((store("x"), store("y")), (load("r0", "y"), load("r1", "x"))), ((1, "r0", 1), (1, "r1", 0))),
            ("LB", ((load("r0", "x"), store("y")), (load("r0", "y"), store("x"))), ((0, "r0", 1), (1, "r0", 1))),
            ("CoRR", ((store("x"),), (load("r0", "x"), load("r1", "x"))), ((1, "r0", 1), (1, "r1", 0))),
            (
                "2+2W",
                ((store("x", 1), store("y", 2), load("r0", "x")), (store("y", 1), store("x", 2), load("r0", "y"))),
                ((0, "r0", 1), (1, "r0", 1)),
            ),
        ]
        found += [Family(name + suffix, threads, exists, atomic) for name, threads, exists in shapes]
        four = iriw(2)
        found.append(Family("IRIW" + suffix, four.threads, four.exists, atomic))
    return tuple(found)


TICKET = """WASM ticket{n}
{{ i32 next = 0; i32 serving = 0; i32 data = 0; }}
{threads}
~exists (~({sum}))
"""


def ticket(n: int) -> str:
    """A ticket lock taken once by n threads that each increment plain data; property: no lost update."""
    body = (
        "  r0 = i32.atomic.rmw.add next 1\n"
        "  (loop $spin (br_if $spin (i32.ne (i32.atomic.load (i32.const 8)) (local.get $r0))))\n"
        "  r1 = i32.load data\n"
        "  i32.store data (i32.add r1 1)\n"
        "  r2 = i32.atomic.rmw.add serving 1\n"
    )
    threads = "\n".join(f"thread T{i} {{\n{body}}}" for i in range(n))
    return TICKET.format(n=n, threads=threads, sum=f"data={n}")


GROWING: dict[str, tuple[Callable[[int], Family], tuple[int, ...]]] = {
    "ring, seqcst": (ring, (4, 8, 12, 14)),
    "ring, plain": (lambda n: ring(n, atomic=False), (8, 14, 20)),
    "IRIW, n readers, seqcst": (iriw, (2, 4, 6)),
    "coherence, n reads, seqcst": (coherence, (8, 24, 48)),
    "coherence, n reads, plain": (lambda n: coherence(n, atomic=False), (16, 64, 128)),
    "message-passing chain, seqcst": (chain, (4, 8, 12)),
    "counters, one rmw.add each": (counters, (3, 4, 5, 6)),
    "n plain stores against n plain loads": (crossing, (3, 5, 7)),
}


def questions(quick: bool) -> list[tuple[str, str]]:
    """Reachability questions, all unsatisfiable under wasm: (title, test)."""
    found = [(f"ticket lock, lost update? N={n}", ticket(n)) for n in ((2,) if quick else (2, 3, 4, 6))]
    found += [(f"ring, seqcst, all zero? N={n}", ring(n).litmus()) for n in ((8,) if quick else (64, 128))]
    found += [(f"IRIW, readers disagree? N={n}", iriw(n).litmus()) for n in ((4,) if quick else (32, 96))]
    return found
