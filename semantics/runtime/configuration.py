"""Frames, administrative instructions, thread configurations and steps (Fig. 3).

A configuration is an immutable value whose parts are shared, so that forking a path costs nothing: the focus (code,
position, operands of the innermost block), the labels around it, the frame, and the suspended callers. Together
they are the evaluation context E of the paper; only `semantics.reduction.machine` takes it apart.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from semantics.runtime.actions import Action, Fill, Location, Write
from semantics.runtime.store import FuncInst, ModuleInst
from semantics.syntax.instructions import Block, Expr, If, Instr, Loop
from semantics.syntax.modules import Function
from semantics.syntax.types import ValType
from semantics.terms import Term


class Value(NamedTuple):
    """v ::= t.const c | ref.null | ref a, with c a term; null is 0 and ref a is the address a."""

    type: ValType
    term: Term


class Frame(NamedTuple):
    """f ::= {module m, local v*}; `func` is the function whose body runs, None for host code."""

    instance: ModuleInst
    locals: tuple[Value, ...]
    func: FuncInst | None = None


# --- administrative instructions: what a redex leaves that is not a value --------------------------------------
class Enter(NamedTuple):
    """label_arity{cont} v* e* end: enters a block with `inputs` as its operands."""

    node: Block | Loop | If
    body: Expr
    arity: int  # of a branch to the label
    inputs: int  # how many operands move in


class Break(NamedTuple):
    """br l, for the context to perform."""

    label: int


class Leave(NamedTuple):
    """return, for the context to perform."""


class Trap(NamedTuple):
    """trap, with the specification's words for its reason."""

    reason: str


class CallPrime(NamedTuple):
    """call' a"""

    func: int


class Instantiation(NamedTuple):
    """A fresh instance: the initial writes of its objects (one event), the addresses of its exports in order, and
    the code that runs in it afterwards (segments of imported objects, then the start function)."""

    instance: ModuleInst
    writes: tuple[Write, ...]
    exports: tuple[int, ...]
    code: tuple[Instr, ...]


class Ending(NamedTuple):
    """What others may learn of a thread's end, and what they may ask of it: data that the thread carries.

    handle: the store object that stands for the thread (systems.md B.7)
    actions: (oracle, how, results) -> those of the thread's END event; `how` is "done", "trap" or "cancelled"
    dooms: oracle -> a read before a trap's end, and the condition on which the trap ends the whole program
    """

    handle: int
    actions: Callable[..., tuple[Action, ...]]
    dooms: Callable[..., tuple[Action, Term]] | None = None


class ForkPrime(NamedTuple):
    """fork' (v* (call' a)), or spawn' c r of systems.md B.0: a new thread runs c, this one goes on with `result`.

    c is `func` applied to `arguments`, after `made` have come to life where the thread has instances of its own; or it
    is `body`, of which `shown` is the function whose named locals are the thread's registers. `ending` is there where
    others may see how the thread ends. Who is `asleep` has to be resumed first (systems.md B.12).
    """

    func: int
    arguments: tuple[Value, ...] = ()
    result: tuple[Value, ...] = ()
    made: tuple[Instantiation, ...] = ()
    body: Configuration | None = None
    shown: Function | None = None
    ending: Ending | None = None
    asleep: bool = False


class JoinPrime(NamedTuple):
    """join' hd (systems.md B.7): suspended until the thread of the handle has ended; `types` are its results'."""

    handle: int
    types: tuple[ValType, ...]


class AwaitPrime(NamedTuple):
    """await' hd q: the same with a timeout, in nanoseconds, negative (signed 64 bits) for none."""

    handle: int
    timeout: Term


class Cancelled(NamedTuple):
    """The thread ends because it was asked to, at a suspension."""


class Doing(IntEnum):
    """What a thread does where threads take turns (systems.md B.12); NONE where no thread has that number yet."""

    NONE, READY, RUNNING, SUSPENDED, WAITING, ENDED = range(6)


class TakeTurn(NamedTuple):
    """take': until the thread may run again, where threads take turns (systems.md B.12); `was` says what for: it is
    ready, somebody has to resume it first, or what it waited for has come."""

    was: Doing


class Finish(NamedTuple):
    """The end of the thread, from any context; the values of the step are its results."""


class ExitPrime(NamedTuple):
    """exit' c: the program ends here, with exit code c (WS6 of systems.md B.2)."""

    code: Term


class WaitPrime(NamedTuple):
    """wait' l q: suspended at l; q is the timeout in nanoseconds, negative (signed 64 bits) for none."""

    location: Location
    timeout: Term


class NotifyPrime(NamedTuple):
    """notify' l n m: n of at most m waiters woken so far (unsigned 32 bits)."""

    location: Location
    woken: int
    limit: Term


class Move(NamedTuple):
    """The rest of a bulk operation: `left` units still go, one event each, from `source` to `target`.

    `source` is a location that is read unit by unit, or the unit values themselves, w^n where they are all one. Unit
    `at` is next; `loaded` is its value once it was read. `descending` where the ranges overlap upwards; `checked`
    re-reads the sizes (S10).
    """

    target: Location
    source: Location | Fill | tuple[Term, ...]
    at: int
    left: int
    descending: bool = False
    checked: bool = False
    loaded: Term | None = None


class Activate(NamedTuple):
    """frame_m{f} e* end: runs `code` in a frame of its own; m is the number of results of its function."""

    frame: Frame
    code: Expr


Admin = (
    Enter | Break | Leave | Trap | CallPrime | ForkPrime | ExitPrime | WaitPrime | NotifyPrime | JoinPrime | AwaitPrime
    | Cancelled | Finish | TakeTurn | Move | Activate
)  # fmt: skip


class Step(NamedTuple):
    """One instance of a local rule: the redex becomes `result` then `then`, with the event's `actions`.

    `condition`: terms of width 1, all of which must hold. `frame` replaces the frame where it is given. `notears` is
    the threads proposal's flag of a data access (S6): integer type, at most 4 bytes, naturally aligned.
    """

    result: tuple[Value, ...] = ()
    then: Admin | None = None
    actions: tuple[Action, ...] = ()
    condition: tuple[Term, ...] = ()
    frame: Frame | None = None
    notears: bool | None = None


# --- contexts ----------------------------------------------------------------------------------------------------
class Label(NamedTuple):
    """label_n{cont}: a block that is open. After it `code` goes on at `pc` with `operands` below its results."""

    node: Block | Loop | If
    arity: int
    code: Expr
    pc: int
    operands: tuple[Value, ...]
    outer: Label | None


class Activation(NamedTuple):
    """frame_n{f}: a caller that is suspended; it goes on with the results of its callee."""

    code: Expr
    pc: int
    operands: tuple[Value, ...]
    label: Label | None
    frame: Frame
    outer: Activation | None


class Configuration(NamedTuple):
    """f; E[e*] of one thread. `pending` is an administrative instruction in the hole, if there is one: Trap and
    Cancelled end the thread, WaitPrime, NotifyPrime, ForkPrime, ExitPrime, JoinPrime, AwaitPrime and TakeTurn are for
    the global relation (Fig. 11), CallPrime is the next redex.

    Equality is structural; with parts shared it is cheap.
    """

    code: Expr
    pc: int
    operands: tuple[Value, ...]
    label: Label | None
    frame: Frame
    caller: Activation | None
    depth: int = 0  # number of callers
    pending: Admin | None = None

    @property
    def redex(self) -> Instr | None:
        """The next instruction; None at the end of a block or body, or where an administrative one is pending."""
        return self.code[self.pc] if self.pending is None and self.pc < len(self.code) else None

    @property
    def finished(self) -> bool:
        """Whether only values are left: the thread has terminated with `operands`."""
        return self.pending is None and self.pc >= len(self.code) and self.label is None and self.caller is None


class Transition(NamedTuple):
    """A step of a configuration: the rule's name, the step, what it leads to. `instr` is the redex. `back_edge` is
    the loop that a branch restarted, if it did."""

    rule: str
    step: Step
    after: Configuration
    instr: Instr | None
    back_edge: Loop | None = None
