"""The classic shapes on words x (offset 0) and y (offset 4), and what the paper's model says of them."""

from __future__ import annotations

from collections.abc import Callable

from semantics.execution.structure import EventStructure
from semantics.syntax.types import Order
from tests.semantics.structures import Builder, Path

X, Y = 0, 4


def _threads(*bodies: Callable[[Path], object], size: int = 8) -> EventStructure:
    b = Builder(size=size)
    for i, body in enumerate(bodies):
        body(b.thread(f"T{i}"))
    return b.build()


def sb(o: Order) -> EventStructure:
    return _threads(lambda t: (t.store(X, 1, o, 4), t.load(Y, o, 4)), lambda t: (t.store(Y, 1, o, 4), t.load(X, o, 4)))


def mp(o: Order) -> EventStructure:
    return _threads(lambda t: (t.store(X, 1, o, 4), t.store(Y, 1, o, 4)), lambda t: (t.load(Y, o, 4), t.load(X, o, 4)))


def lb(o: Order) -> EventStructure:
    return _threads(lambda t: (t.load(X, o, 4), t.store(Y, 1, o, 4)), lambda t: (t.load(Y, o, 4), t.store(X, 1, o, 4)))


def iriw(o: Order) -> EventStructure:
    return _threads(
        lambda t: t.store(X, 1, o, 4),
        lambda t: t.store(Y, 1, o, 4),
        lambda t: (t.load(X, o, 4), t.load(Y, o, 4)),
        lambda t: (t.load(Y, o, 4), t.load(X, o, 4)),
    )


def corr(o: Order) -> EventStructure:
    return _threads(lambda t: t.store(X, 1, o, 4), lambda t: (t.load(X, o, 4), t.load(X, o, 4)))


def two_two_w(o: Order) -> EventStructure:
    b = Builder(size=8)
    first, second = b.thread("T0"), b.thread("T1")
    first.store(X, 1, o, 4)
    first.store(Y, 2, o, 4)
    second.store(Y, 1, o, 4)
    second.store(X, 2, o, 4)
    return b.build(observe=(("x", X, 4), ("y", Y, 4)))


def ring(n: int, o: Order) -> EventStructure:
    """Store buffering among n threads: thread i writes its own word and reads the next one's."""
    b = Builder(size=4 * n)
    for i in range(n):
        t = b.thread(f"T{i}")
        t.store(4 * i, 1, o, 4)
        t.load(4 * ((i + 1) % n), o, 4)
    return b.build()


def figure18() -> EventStructure:
    """Fig. 18 without its branch: T1 sees y = 1 and prints x twice, first 2, then 1."""
    b = Builder(size=8)
    first, second = b.thread("T0"), b.thread("T1")
    first.store(X, 1, Order.SEQCST, 4)
    first.store(Y, 1, Order.SEQCST, 4)
    second.store(X, 2, Order.SEQCST, 4)
    second.load(Y, Order.SEQCST, 4)
    second.load(X, Order.UNORD, 4)
    second.load(X, Order.UNORD, 4)
    return b.build()


CLASSIC = {"SB": sb, "MP": mp, "LB": lb, "IRIW": iriw, "CoRR": corr, "2+2W": two_two_w}
