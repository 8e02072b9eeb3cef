"""No new bytecode: threads by imports from the embedder, opaque handle types, over any discipline (systems.md B.6).

P6(D) for a discipline D: an operation of the embedder does what D's rule for it does, and nothing else (DEC 16). The
types say nothing of threads: that a spawned function is shared is checked as the program runs, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from semantics.profiles.create import CREATE_UNCHECKED
from semantics.profiles.fork import FORK
from semantics.profiles.handle import HANDLE, JOINS, TYPE, is_handle, spawned
from semantics.profiles.web import UNCLONEABLE, WEB, cloneable
from semantics.reduction.access import concrete
from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.reduction.relinking import remade
from semantics.runtime.configuration import ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.profile import HostImports, Profile
from semantics.runtime.store import HOST, HandleInst, Store
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import FuncType, HeapKind, RefType, Share, ValType, threadref
from semantics.terms import negate


# --- operations of the embedder -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SpawnFunc(DesignInstr):
    """The body of "thread" "spawn_func" : [funcref t*] -> [h], in the instance of the function."""

    opcode: ClassVar[str] = "spawn_func"
    feature: ClassVar[str] = "spawn_func"


@dataclass(frozen=True, slots=True)
class SpawnAgain(DesignInstr):
    """The body of "thread" "spawn_func" : [funcref t*] -> [h], where each thread has an instance of its own."""

    opcode: ClassVar[str] = "spawn_func"
    feature: ClassVar[str] = "spawn_func"


def _arguments(instr: DesignInstr, frame: Frame, store: Store) -> int:
    return len(frame.func.type.params) if frame.func is not None else 0


enter(SpawnFunc, _arguments, concrete=(0,), effect=Effect(spawns=True))
enter(SpawnAgain, _arguments, concrete=(0,), effect=Effect(spawns=True, fresh=True))


def _is_function(t: ValType) -> bool:
    return isinstance(t, RefType) and t.kind is HeapKind.FUNC


def spawns(ft: FuncType) -> str:
    """[funcref t*] -> [h]; who does not care for the handle may take it as a reference to anything."""
    if not ft.params or not _is_function(ft.params[0]):
        return "its first parameter is a funcref"
    anything = len(ft.results) == 1 and isinstance(ft.results[0], RefType) and ft.results[0].kind is HeapKind.ANY
    return "" if anything or (len(ft.results) == 1 and is_handle(ft.results[0])) else "its result is a handle"


# --- the functor ----------------------------------------------------------------------------------
def embed(
    base: Profile,
    *,
    check: Literal["none", "dynamic"],
    name: str,
    spawn: type[DesignInstr] = SpawnFunc,
) -> Profile:
    """P6(D) for the design D = `base`. `check`: spawning a function that is not shared traps in the caller, or nothing
    is checked. Who wants to join threads needs a D with handles."""
    host: HostImports = {("thread", "spawn_func"): (spawn, spawns)}
    if base.handle == "opaque":
        host = {**host, **JOINS}
    checked = "a function that is not shared traps in who spawns it" if check == "dynamic" else "nothing is checked"
    return replace(
        base,
        name=name,
        summary=f"threads by imports from the embedder, over {base.name}: {checked}",
        typing=replace(base.typing, name=name, features=frozenset(("imported types",)), entry=check),
        spawn="spawn_func",
        host=host,
        types=frozenset((TYPE,)),
        needs={},
        own=base.own if check == "dynamic" else "nobody",
    )


EMBED = embed(FORK, check="dynamic", name="embed")
EMBED_CREATE_UNCHECKED = embed(CREATE_UNCHECKED, check="none", name="embed-create-unchecked")
EMBED_WEB = embed(WEB, check="none", name="embed-web", spawn=SpawnAgain)
EMBED_HANDLE = embed(HANDLE, check="dynamic", name="embed-handle")


# --- rules ----------------------------------------------------------------------------------------
def _entry(frame: Frame, operands: tuple[Value, ...], oracle: Oracle) -> int | str:
    """The function that a thread may begin with, or why it may not."""
    address = concrete(operands[0].term)
    if not address:
        return "null function reference"
    found = oracle.store.func(address)
    given = frame.func.type.params[1:] if frame.func is not None else ()
    if found.type.params != given or (found.type.results and oracle.profile.handle == "none"):
        return "thread entry type mismatch"
    if oracle.profile.typing.entry == "dynamic" and found.type.share is not Share.SHARED:
        return "the entry function of a thread is not shared"
    return address


@local_rule("spawn-func-ok", fig="B.6", instr=SpawnFunc)
def spawn_func_ok(frame: Frame, operands: tuple[Value, ...], instr: SpawnFunc, oracle: Oracle) -> Step | None:
    """s; f; (ref a) v^n spawn_func  -->  spawn' (v^n (call' a)) h

    if type(s(a)) takes v^n [check dynamic: and is shared]. Where D has handles: H1, as fork_h. Else nothing can be
    asked of h but whether it is null.
    """
    address = _entry(frame, operands, oracle)
    if isinstance(address, str):
        return None
    if oracle.profile.handle == "opaque":
        return spawned(oracle, address, operands[1:], frame)
    return Step((), ForkPrime(address, operands[1:], (_dumb(oracle, frame),)))


@local_rule("spawn-func-again-ok", fig="B.6", instr=SpawnAgain)
def spawn_func_again_ok(frame: Frame, operands: tuple[Value, ...], instr: SpawnAgain, oracle: Oracle) -> Step | None:
    """s; f; (ref a) v^n spawn_func  -->  spawn' (m' v^n (call' a')) h

    if s(a) is a function of the instance m, of which m' is a clone as in W1-W4, and a' its function in m'.
    """
    address = _entry(frame, operands, oracle)
    clones = cloneable(frame, operands[1:], oracle)
    if isinstance(address, str) or clones is None:
        return None
    found = oracle.store.func(address)
    if found.instance is HOST:
        return None
    made = remade(oracle.store, found.instance, oracle.profile, creator=frame)
    then = ForkPrime(made[-1].instance.funcs[found.index], operands[1:], (_dumb(oracle, frame),), made)
    return Step((), then, (), clones)


@local_rule("spawn-func-fail", fig="B.6", instr=(SpawnFunc, SpawnAgain))
def spawn_func_fail(
    frame: Frame, operands: tuple[Value, ...], instr: DesignInstr, oracle: Oracle
) -> Step | tuple[Step, ...] | None:
    """s; f; (ref a) v^n spawn_func  -->  trap

    if a is null, type(s(a)) does not take v^n [check dynamic: or is not shared], or it cannot go to another agent
    """
    address = _entry(frame, operands, oracle)
    if isinstance(address, str):
        return Step((), Trap(address))
    if isinstance(instr, SpawnFunc):
        return None
    clones = cloneable(frame, operands[1:], oracle)
    if clones is None or oracle.store.func(address).instance is HOST:
        return Step((), Trap(UNCLONEABLE))
    return tuple(Step((), Trap(UNCLONEABLE), (), (negate(c),)) for c in clones)


def _dumb(oracle: Oracle, frame: Frame) -> Value:
    """A handle that no operation takes."""
    return Value(threadref(()), oracle.store.allocate(HandleInst(()), frame))
