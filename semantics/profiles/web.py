"""Today's Web: the host's `new Worker` and postMessage, an instance linked afresh in each worker (systems.md B.1, P1).

A module says `import "worker" NAME` for the JavaScript that starts a worker, posts it the module, the shared memories
and the arguments; the worker instantiates what the importer was made from, and calls its export NAME.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.reduction.relinking import depends_on, remade
from semantics.runtime.configuration import ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.discipline import THREADS
from semantics.runtime.profile import ANY, DEFAULT
from semantics.runtime.store import MemInst, Store
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import RefType, Share
from semantics.terms import Term, apply, negate

UNCLONEABLE = "DataCloneError"


@dataclass(frozen=True, slots=True)
class Worker(DesignInstr):
    """The body of the host function "worker" NAME : t* -> []."""

    opcode: ClassVar[str] = "worker"
    feature: ClassVar[str] = "worker"
    name: str


def _arguments(instr: Worker, frame: Frame, store: Store) -> int:
    return len(frame.func.type.params) if frame.func is not None else 0


enter(Worker, _arguments, effect=Effect(fresh=True))

WEB = replace(
    DEFAULT,
    name="web",
    summary="new Worker and postMessage: the worker links the module again; only memories are shared",
    typing=replace(THREADS, name="web", several_memories=True),
    spawn="worker",
    host={("worker", ANY): (Worker, None)},
    needs={("worker", ANY): (ANY, None)},
    own="agent",
    trap="agent",
    block="not-main",
    same="shared",
    scripts=True,
)
"""What a page and its workers do."""


@local_rule("worker-ok", fig="B.1", instr=Worker)
def worker_ok(frame: Frame, operands: tuple[Value, ...], instr: Worker, oracle: Oracle) -> Step | None:
    """W1-W4  s; f; v^n (worker NAME)  -->  spawn' (m' v^n (call' m'(NAME))) eps

    if v^n can be cloned: numbers and null; m' is f's instance, and those that it was linked with, made again in the
    child, with the same shared memories. Posted before the worker runs, the message is received by its first event.
    """
    clones = cloneable(frame, operands, oracle)
    if clones is None:
        return None
    made = remade(oracle.store, frame.instance, oracle.profile, creator=frame)
    then = ForkPrime(made[-1].instance.exports[instr.name][1], operands, (), made)
    return Step((), then, (), clones)


@local_rule("worker-fail", fig="B.1", instr=Worker)
def worker_fail(
    frame: Frame, operands: tuple[Value, ...], instr: Worker, oracle: Oracle
) -> Step | tuple[Step, ...] | None:
    """W2  f; v^n (worker NAME)  -->  trap

    if some v is a reference to an object, or memories cannot be posted (DEC 9)
    """
    clones = cloneable(frame, operands, oracle)
    if clones is None:
        return Step((), Trap(UNCLONEABLE))
    return tuple(Step((), Trap(UNCLONEABLE), (), (negate(c),)) for c in clones)


def cloneable(frame: Frame, operands: tuple[Value, ...], oracle: Oracle) -> tuple[Term, ...] | None:
    """What must hold that everything posted can be cloned; None where it cannot."""
    linked = depends_on(oracle.store, frame.instance)
    if oracle.profile.clone == "data" and any(_shares(oracle.store, instance.imports) for instance in linked):
        return None
    terms = [v.term for v in operands if isinstance(v.type, RefType)]
    conditions = tuple(apply("eq", 1, t, 0, arg_width=32) for t in terms)
    return None if 0 in conditions else tuple(c for c in conditions if c != 1)


def _shares(store: Store, imports: tuple[int, ...]) -> bool:
    """Whether a shared memory is among the objects."""
    return any(isinstance(found := store[a], MemInst) and found.type.share is Share.SHARED for a in imports)
