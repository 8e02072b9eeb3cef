"""thread.create on a function index or reference, in the same instance (systems.md B.3, P3): checked, and not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.profiles.designs import instruction
from semantics.profiles.fork import FORK
from semantics.profiles.handle import JOINS, TYPE, spawned
from semantics.reduction.access import concrete
from semantics.reduction.designs import Effect
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.discipline import PAPER
from semantics.runtime.store import Store
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import FUNCREF, SHARED_FUNCREF, FuncType, RefType, Share
from semantics.validation.context import FUNC, Context, refuse
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

CREATE = replace(
    FORK,
    name="create",
    summary="thread.create on a function index or reference, which must be shared",
    typing=replace(PAPER, name="create", features=frozenset(("thread.create", "instantiate"))),
    spawn="thread.create",
)
CREATE_UNCHECKED = replace(
    CREATE,
    name="create-unchecked",
    summary="thread.create as first floated: any function, nothing checked, the instance is shared",
    typing=replace(CREATE.typing, name="create-unchecked", entry="none"),
    own="nobody",
)
CREATE_TLS = replace(
    CREATE_UNCHECKED,
    name="create-tls",
    summary="create-unchecked with thread-local globals",
    typing=replace(CREATE_UNCHECKED.typing, name="create-tls", tls=True, tls_seqcst=True, seqcst_on_local=True),
    seg="lock",
)
"""What WAVM's contexts are made of (B.9, "Encodings"); atomics and segments are as WAVM has them (DEC 20, 24)."""

CREATE_TLS_INHERIT = replace(
    CREATE_TLS,
    name="create-tls-inherit",
    summary="as create-tls, but a new thread's cells hold what its creator's hold",
    typing=replace(CREATE_TLS.typing, name="create-tls-inherit"),
    inherit="copy",
)
GIVES_HANDLES = "handles of thread.create"
CREATE_HANDLE = replace(
    CREATE,
    name="create-handle",
    summary="thread.create that gives a handle of a type imported from the embedder, who joins threads (B.6, 6b)",
    typing=replace(
        CREATE.typing, name="create-handle", features=CREATE.typing.features | {GIVES_HANDLES, "imported types"}
    ),
    spawn="thread.create h",
    handle="opaque",
    host=JOINS,
    types=frozenset((TYPE,)),
)


@dataclass(frozen=True, slots=True)
class ThreadCreate(DesignInstr):
    """thread.create x"""

    opcode: ClassVar[str] = "thread.create"
    feature: ClassVar[str] = "thread.create"
    func: int


@dataclass(frozen=True, slots=True)
class ThreadCreateRef(DesignInstr):
    """thread.create_ref ft; `type` is a type index"""

    opcode: ClassVar[str] = "thread.create_ref"
    feature: ClassVar[str] = "thread.create"
    type: int


def _parameters(instr: ThreadCreate, frame: Frame, store: Store) -> int:
    return len(store.func(frame.instance.funcs[instr.func]).type.params)


def _operands(instr: ThreadCreateRef, frame: Frame, store: Store) -> int:
    return len(frame.instance.types[instr.type].params) + 1


instruction(ThreadCreate, _parameters, effect=Effect(forks=lambda e: (e.func,)))
instruction(ThreadCreateRef, _operands, concrete=(-1,), effect=Effect(spawns=True))


def _entry(c: Context, e: DesignInstr, ft: FuncType, what: str) -> None:
    """What a spawned function must be: shared where the design checks it, without results where nobody gets them."""
    if c.discipline.entry == "static" and ft.share is not Share.SHARED:
        raise refuse(e, f"{e.opcode} needs a shared function: {what} is local", hint="declare the function shared")
    if ft.results and GIVES_HANDLES not in c.discipline.features:
        raise refuse(e, f"type mismatch: {e.opcode} needs a function without results, found {ft}")


@typing_rule("thread.create", ThreadCreate, row="B.3 thread.create x", source="design")
def thread_create(c: Context, e: ThreadCreate, _operands: Operands) -> Arrow:
    """
    C.func(x) = shared t* -> eps    [3u: C.func(x) = sh t* -> eps]
    --------------------------------------------------------------
    C |- thread.create x : t* -> eps

    Where it gives handles: C.func(x) = shared t* -> t2*, and thread.create x : t* -> h, h the module's imported type.
    """
    c.require(e, e.feature)
    ft = c.func(e, e.func)
    _entry(c, e, ft, f"function {c.name(FUNC, e.func)}")
    return Arrow(ft.params, _given(c, e))


def _given(c: Context, e: DesignInstr) -> tuple[RefType, ...]:
    """h, where the design gives handles."""
    if GIVES_HANDLES not in c.discipline.features:
        return ()
    for opaque in c.spaces.module.opaques:
        if (opaque.module, opaque.name) == TYPE:
            return (opaque.type,)
    raise refuse(
        e,
        f"{e.opcode} gives a handle: its type is not imported",
        hint=f'(import "{TYPE[0]}" "{TYPE[1]}" (type opaque))',
    )


@typing_rule("thread.create_ref", ThreadCreateRef, row="B.3 thread.create_ref ft", source="design")
def thread_create_ref(c: Context, e: ThreadCreateRef, _operands: Operands) -> Arrow:
    """
    ft = shared t* -> eps    [3u: ft = sh t* -> eps]
    --------------------------------------------------
    C |- thread.create_ref ft : t* (sh funcref) -> eps

    Where it gives handles, h is its result, as that of thread.create.
    """
    c.require(e, e.feature)
    ft = c.type(e, e.type)
    _entry(c, e, ft, "the type")
    return Arrow((*ft.params, SHARED_FUNCREF if ft.share is Share.SHARED else FUNCREF), _given(c, e))


@local_rule("thread-create-ok", fig="B.3", instr=ThreadCreate)
def thread_create_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadCreate, oracle: Oracle) -> Step:
    """C1  f; v^n (thread.create x)  -->  spawn' (v^n (call' f_func(x))) eps

    Where it gives handles: H1, as fork_h.
    """
    return created(oracle, frame, frame.instance.funcs[instr.func], operands)


def created(oracle: Oracle, frame: Frame, address: int, arguments: tuple[Value, ...]) -> Step:
    """A thread that calls the function at an address, with a handle where the design has them."""
    if oracle.profile.handle == "opaque":
        return spawned(oracle, address, arguments, frame)
    return Step((), ForkPrime(address, arguments))


@local_rule("thread-create-ref-ok", fig="B.3", instr=ThreadCreateRef)
def thread_create_ref_ok(
    frame: Frame, operands: tuple[Value, ...], instr: ThreadCreateRef, oracle: Oracle
) -> Step | None:
    """C2  s; f; v^n (ref a) (thread.create_ref ft)  -->  spawn' (v^n (call' a)) eps  if type(s(a)) = ft"""
    address = concrete(operands[-1].term)
    if not address or oracle.store.type(address) != frame.instance.types[instr.type]:
        return None
    return created(oracle, frame, address, operands[:-1])


@local_rule("thread-create-ref-mismatch", fig="B.3", instr=ThreadCreateRef)
def thread_create_ref_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: ThreadCreateRef, oracle: Oracle
) -> Step | None:
    """C2  s; f; v^n (ref a) (thread.create_ref ft)  -->  trap  if a is null or type(s(a)) != ft: in the parent"""
    address = concrete(operands[-1].term)
    if not address:
        return Step((), Trap("null function reference"))
    if oracle.store.type(address) != frame.instance.types[instr.type]:
        return Step((), Trap("thread entry type mismatch"))
    return None
