"""thread.create_mod on a module reference and import values (systems.md B.4, P4): an instance for each thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.profiles.designs import instruction
from semantics.profiles.fork import FORK
from semantics.profiles.fork_refs import REIFIES
from semantics.reduction.access import concrete
from semantics.reduction.designs import Effect
from semantics.reduction.fig22_instantiation import LINK_MISMATCH, Link, link
from semantics.reduction.machine import evaluating, resume
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Configuration, ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.store import Store
from semantics.syntax.instructions import DesignInstr, Instantiate
from semantics.syntax.modules import ExternKind, Function, Module
from semantics.syntax.types import MODULEREF, FuncType, HeapKind, RefType, Share
from semantics.terms import negate
from semantics.validation.context import Context, refuse
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

CREATES = "thread.create_mod"

CREATE_MODULE = replace(
    FORK,
    name="create-module",
    summary="thread.create_mod on a module reference and shared externals: every thread has its own instance",
    typing=replace(
        FORK.typing,
        name="create-module",
        features=frozenset((CREATES, "instantiate", "module references", REIFIES)),
    ),
    spawn=CREATES,
)
CREATE_MODULE_DYNAMIC = replace(
    CREATE_MODULE,
    name="create-module-dynamic",
    summary="create-module where any external is accepted, and a local one traps (4-dyn)",
    typing=replace(CREATE_MODULE.typing, name="create-module-dynamic", entry="dynamic"),
)


@dataclass(frozen=True, slots=True)
class RefModule(DesignInstr):
    """ref.module x, for a module that is nested in this one"""

    opcode: ClassVar[str] = "ref.module"
    feature: ClassVar[str] = "module references"
    module: Module


@dataclass(frozen=True, slots=True)
class ThreadCreateMod(DesignInstr):
    """thread.create_mod n: the module reference, then n externals"""

    opcode: ClassVar[str] = CREATES
    feature: ClassVar[str] = CREATES
    count: int


instruction(RefModule, 0, effect=Effect(branches=False))
# code of the module reaches what its externals denote: functions that have references, reified definitions
instruction(ThreadCreateMod, lambda e, *_: 1 + e.count, concrete="all", effect=Effect(spawns=True))


@typing_rule("ref.module", RefModule, row="B.4 ref.module x", source="design")
def ref_module(c: Context, e: RefModule, _operands: Operands) -> Arrow:
    """
    C.module(x) = mod    |- mod : et1^n -> et2^m
    ---------------------------------------------
    C |- ref.module x : eps -> (shared moduleref)

    mod is closed: the premise is worked off on its own, as that of `instantiate`.
    """
    c.require(e, e.feature)
    c.spaces.nested.append(e.module)
    return Arrow((), (MODULEREF,))


@typing_rule("thread.create_mod", ThreadCreateMod, row="B.4 thread.create_mod n", source="design")
def thread_create_mod(c: Context, e: ThreadCreateMod, operands: Operands) -> Arrow:
    """
    (rt = shared anyref or rt = shared funcref)^n    [4-dyn: sh anyref, sh funcref]
    -------------------------------------------------------------------------------
    C |- thread.create_mod n : (shared moduleref) rt^n -> eps

    An external that is a function has a reference of type funcref (ref(ft), A.1).
    """
    c.require(e, e.feature)
    externals = tuple(operands.peek(depth) for depth in range(e.count - 1, -1, -1))
    for t in externals:
        if t is None:
            continue
        if not isinstance(t, RefType) or t.kind not in (HeapKind.ANY, HeapKind.FUNC):
            raise refuse(e, f"type mismatch: {e.opcode} takes references to definitions, found {t}")
        if t.share is not Share.SHARED and c.discipline.entry == "static":
            raise refuse(
                e,
                f"type mismatch: {e.opcode} needs shared externals, found {t}",
                hint="declare what the reference denotes shared",
            )
    return Arrow((MODULEREF, *externals))


@local_rule("ref-module-ok", fig="B.4", instr=RefModule, pure=True)
def ref_module_ok(frame: Frame, operands: tuple[Value, ...], instr: RefModule, oracle: Oracle) -> Step:
    """f; (ref.module x)  -->  ref mod, without an event"""
    return Step((Value(MODULEREF, oracle.store.code(instr.module)),))


@local_rule("thread-create-mod-ok", fig="B.4", instr=ThreadCreateMod)
def thread_create_mod_ok(
    frame: Frame, operands: tuple[Value, ...], instr: ThreadCreateMod, oracle: Oracle
) -> Step | None:
    """CM1  s; f; (ref mod) (ref a)^n (thread.create_mod n)  -->  spawn' ((ref a)^n (instantiate mod) drop*) eps

    if mod is not null [4-dyn: and every a is shared] [link_in = parent: and mod can be linked with a^n]
    CM2: the child's start function is the thread's body.
    """
    made = asked(oracle, operands)
    if isinstance(made, str):
        return None
    actions, condition = made
    module = oracle.store.module(concrete(operands[0].term))
    return Step((), thread_of(frame, module, operands[1:]), actions, condition)


@local_rule("thread-create-mod-mismatch", fig="B.4", instr=ThreadCreateMod)
def thread_create_mod_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: ThreadCreateMod, oracle: Oracle
) -> Step | tuple[Step, ...]:
    """CM1  s; f; (ref mod) (ref a)^n (thread.create_mod n)  -->  trap

    if mod is null [4-dyn: or some a is local] [link_in = parent: or mod cannot be linked with a^n]: in the parent
    """
    return refused(oracle, operands)


def refused(oracle: Oracle, operands: tuple[Value, ...]) -> Step | tuple[Step, ...]:
    """The traps of a parent whose thread may not begin."""
    made = asked(oracle, operands)
    if isinstance(made, str):
        return Step((), Trap(made))
    return tuple(
        Step((), Trap(LINK_MISMATCH), (action,), (negate(condition),))
        for action, condition in zip(made.actions, made.condition, strict=True)
        if condition != 1
    )


def asked(oracle: Oracle, operands: tuple[Value, ...]) -> Link | str:
    """What must hold for a thread to begin, or why it does not."""
    code, *externals = (concrete(v.term) for v in operands)
    if not code:
        return "null module reference"
    store = oracle.store
    if oracle.profile.typing.entry == "dynamic" and any(a and _local(store, a) for a in externals):
        return "a local external for another thread"
    if oracle.profile.link_in == "child":
        return Link((), ())
    module = store.module(code)
    linked = link(module, externals, oracle) if len(externals) == len(module.imports) else None
    return LINK_MISMATCH if linked is None else linked


def _local(store: Store, address: int) -> bool:
    return store.type(address).share is not Share.SHARED


def thread_of(frame: Frame, module: Module, externals: tuple[Value, ...], result: tuple[Value, ...] = ()) -> ForkPrime:
    """A thread that makes an instance of a module; its start function is the thread's body."""
    return ForkPrime(0, result=result, body=_child(frame, module, externals), shown=_started(module))


def _child(frame: Frame, module: Module, externals: tuple[Value, ...]) -> Configuration:
    """(ref a)^n (instantiate mod) drop*: as nobody uses the exports, of the module without them."""
    config = resume(evaluating(frame.instance, (Instantiate(replace(module, exports=())),)), *externals)
    # CM2, arity: no step of instantiate has another number of operands
    return config if len(externals) == len(module.imports) else config._replace(pending=Trap(LINK_MISMATCH))


def _started(module: Module) -> Function:
    """The module's own start function; one without locals, of the module's name, where there is none."""
    imported = len(module.imported(ExternKind.FUNC))
    if module.start is not None and module.start >= imported:
        return module.funcs[module.start - imported]
    return Function(FuncType(Share.LOCAL, (), ()), (), (), module.binding)
