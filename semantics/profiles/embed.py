"""No new bytecode: threads by imports from the embedder, opaque handle types, over any discipline (systems.md B.6).

P6(D) for a discipline D: an operation of the embedder does what D's rule for it does, and nothing else (DEC 16). The
types say nothing of threads: that a spawned function is shared is checked as the program runs, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from semantics.profiles.create import CREATE_UNCHECKED
from semantics.profiles.create_module import CREATE_MODULE, CREATES, asked, refused, thread_of
from semantics.profiles.fork import FORK
from semantics.profiles.handle import HANDLE, JOINS, TYPE, is_handle, spawned
from semantics.profiles.wavm import WAVM_CLONE
from semantics.profiles.web import UNCLONEABLE, WEB, cloneable
from semantics.reduction.access import concrete
from semantics.reduction.designs import Effect, enter
from semantics.reduction.fig22_instantiation import LINK_MISMATCH, instantiate_mismatch, instantiate_ok
from semantics.reduction.registry import Oracle, local_rule
from semantics.reduction.relinking import remade
from semantics.runtime.configuration import ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.profile import ANY, HostImports, Profile, Shape
from semantics.runtime.store import HOST, HandleInst, Store
from semantics.syntax.instructions import DesignInstr, Instantiate
from semantics.syntax.modules import Module
from semantics.syntax.types import MODULEREF, FuncType, HeapKind, RefType, Share, ValType, threadref
from semantics.terms import negate
from semantics.validation.spaces import interface
from semantics.validation.threads import reference_to

CODE = ("thread", "module")
"""The import of the embedder's type of code."""


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


@dataclass(frozen=True, slots=True)
class CodeOf(DesignInstr):
    """The body of "module" NAME : [] -> [m], the code of the module $NAME that is nested in the importer's."""

    opcode: ClassVar[str] = "module"
    feature: ClassVar[str] = "module"
    name: str


@dataclass(frozen=True, slots=True)
class InstantiateCode(DesignInstr):
    """The body of "thread" "instantiate" : [m externals*] -> [externals*]."""

    opcode: ClassVar[str] = "instantiate"
    feature: ClassVar[str] = "instantiate"


@dataclass(frozen=True, slots=True)
class SpawnModule(DesignInstr):
    """The body of "thread" "spawn_module" : [m externals*] -> [h]."""

    opcode: ClassVar[str] = "spawn_module"
    feature: ClassVar[str] = "spawn_module"


def _arguments(instr: DesignInstr, frame: Frame, store: Store) -> int:
    return len(frame.func.type.params) if frame.func is not None else 0


enter(SpawnFunc, _arguments, concrete=(0,), effect=Effect(spawns=True))
enter(SpawnAgain, _arguments, concrete=(0,), effect=Effect(spawns=True, fresh=True))

enter(CodeOf, 0, effect=Effect(branches=False))
enter(InstantiateCode, _arguments, concrete="all", effect=Effect(indirect=True, spawns=True))
enter(SpawnModule, _arguments, concrete="all", effect=Effect(spawns=True))


def _is_function(t: ValType) -> bool:
    return isinstance(t, RefType) and t.kind is HeapKind.FUNC


def spawns(ft: FuncType) -> str:
    """[funcref t*] -> [h]; who does not care for the handle may take it as a reference to anything."""
    if not ft.params or not _is_function(ft.params[0]):
        return "its first parameter is a funcref"
    anything = len(ft.results) == 1 and isinstance(ft.results[0], RefType) and ft.results[0].kind is HeapKind.ANY
    return "" if anything or (len(ft.results) == 1 and is_handle(ft.results[0])) else "its result is a handle"


def _is_code(t: ValType) -> bool:
    return isinstance(t, RefType) and t.kind is HeapKind.OPAQUE and t.of == CODE


def _is_external(t: ValType) -> bool:
    return isinstance(t, RefType) and t.kind in (HeapKind.FUNC, HeapKind.ANY)


def _names_code(ft: FuncType) -> str:
    """[] -> [m]"""
    return "" if not ft.params and len(ft.results) == 1 and _is_code(ft.results[0]) else "it is [] -> [module]"


def _instantiates(ft: FuncType) -> str:
    """[m externals*] -> [externals*]"""
    fits = bool(ft.params) and _is_code(ft.params[0]) and all(map(_is_external, (*ft.params[1:], *ft.results)))
    return "" if fits else "it is [module externals*] -> [externals*]"


def _spawns_module(ft: FuncType) -> str:
    """[m externals*] -> [h]"""
    fits = bool(ft.params) and _is_code(ft.params[0]) and all(map(_is_external, ft.params[1:]))
    return "" if fits and len(ft.results) == 1 and is_handle(ft.results[0]) else "it is [module externals*] -> [handle]"


INSTANTIATES: HostImports = {
    ("module", ANY): (CodeOf, _names_code),
    ("thread", "instantiate"): (InstantiateCode, _instantiates),
}
"""What an embedder that instantiates provides; of the type of code, CODE, besides."""

FORK_HOSTED = replace(
    FORK,
    name="fork-hosted",
    summary="fork, where instances are made by imports from the embedder",
    typing=replace(FORK.typing, name="fork-hosted", features=frozenset(("fork", "imported types"))),
    host=INSTANTIATES,
    types=frozenset((CODE,)),
)
"""fork without the instruction `instantiate`: what a host of today has for it (X2 of B.14)."""


# --- the functor ----------------------------------------------------------------------------------
def embed(
    base: Profile,
    *,
    check: Literal["none", "dynamic"],
    name: str,
    spawn: type[DesignInstr] = SpawnFunc,
) -> Profile:
    """P6(D) for the design D = `base`. `check`: spawning a function that is not shared traps in the caller, or nothing
    is checked. Who wants to join threads needs a D with handles. Raises ValueError for a D whose threads have instances
    that their creator makes.
    """
    if spawn is SpawnAgain and base.place == "parent":
        raise ValueError(f"{base.name} makes instances in the parent: spawn_func makes them in the child")
    host: dict[tuple[str, str], tuple[type[DesignInstr], FuncType | Shape | None]]
    host = {("thread", "spawn_func"): (spawn, spawns)}
    types = {TYPE}
    if base.handle == "opaque":
        host = {**host, **JOINS}
    if "instantiate" in base.typing.features:
        types.add(CODE)
        host = {**host, **INSTANTIATES}
    creates = CREATES in base.typing.features
    if creates:
        host = {**host, ("thread", "spawn_module"): (SpawnModule, _spawns_module)}
        del host["thread", "spawn_func"]
    checked = "a function that is not shared traps in who spawns it" if check == "dynamic" else "nothing is checked"
    return replace(
        base,
        name=name,
        summary=f"threads by imports from the embedder, over {base.name}: {checked}",
        typing=replace(base.typing, name=name, features=frozenset(("imported types",)), entry=check),
        spawn="spawn_module" if creates else "spawn_func",
        host=host,
        types=frozenset(types),
        needs={},
        own=base.own if check == "dynamic" or spawn is SpawnAgain else "nobody",  # D's, where D rests on no check
    )


EMBED = embed(FORK, check="dynamic", name="embed")
EMBED_CREATE_UNCHECKED = embed(CREATE_UNCHECKED, check="none", name="embed-create-unchecked")
EMBED_WEB = embed(WEB, check="none", name="embed-web", spawn=SpawnAgain)
EMBED_CREATE_MODULE = embed(CREATE_MODULE, check="dynamic", name="embed-create-module")
EMBED_HANDLE = embed(HANDLE, check="dynamic", name="embed-handle")
EMBED_WAVM_CLONE = embed(WAVM_CLONE, check="none", name="embed-wavm-clone")


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


@local_rule("module-code-ok", fig="B.6", instr=CodeOf)
def module_code_ok(frame: Frame, operands: tuple[Value, ...], instr: CodeOf, oracle: Oracle) -> Step | None:
    """f; module NAME  -->  ref mod  if mod is the module of that name in the module of f's instance"""
    module = _nested(frame, instr)
    return None if module is None else Step((Value(MODULEREF, oracle.store.code(module)),))


@local_rule("module-code-fail", fig="B.6", instr=CodeOf)
def module_code_fail(frame: Frame, operands: tuple[Value, ...], instr: CodeOf, oracle: Oracle) -> Step | None:
    """f; module NAME  -->  trap  if there is no module of that name"""
    return Step((), Trap(f"no module {instr.name}")) if _nested(frame, instr) is None else None


def _nested(frame: Frame, instr: CodeOf) -> Module | None:
    code = frame.instance.module
    return next((m for m in code.modules if m.binding == f"${instr.name}"), None) if code is not None else None


@local_rule("instantiate-code-ok", fig="B.6", instr=InstantiateCode)
def instantiate_code_ok(
    frame: Frame, operands: tuple[Value, ...], instr: InstantiateCode, oracle: Oracle
) -> Step | None:
    """s; f; (ref mod) (ref a_i)* instantiate  -->act*  (ref a_e)*  as (ref a_i)* (instantiate mod) of Fig. 22

    if mod has so many imports, and exports of the types that the import gives
    """
    module = _instantiated(frame, operands, oracle)
    return None if module is None else instantiate_ok(frame, operands[1:], Instantiate(module), oracle)


@local_rule("instantiate-code-mismatch", fig="B.6", instr=InstantiateCode)
def instantiate_code_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: InstantiateCode, oracle: Oracle
) -> Step | tuple[Step, ...] | None:
    """s; f; (ref mod) (ref a_i)* instantiate  -->  trap

    if mod is null, has another number of imports or exports of other types, or cannot be linked with a_i*
    """
    module = _instantiated(frame, operands, oracle)
    if module is None:
        return Step((), Trap(LINK_MISMATCH if concrete(operands[0].term) else "null module reference"))
    return instantiate_mismatch(frame, operands[1:], Instantiate(module), oracle)


def _instantiated(frame: Frame, operands: tuple[Value, ...], oracle: Oracle) -> Module | None:
    """The code, where it takes and gives what the import says."""
    address = concrete(operands[0].term)
    if not address or frame.func is None:
        return None
    module = oracle.store.module(address)
    given = tuple(reference_to(et, oracle.profile.typing) for et in interface(module)[1])
    return module if len(module.imports) == len(operands) - 1 and given == frame.func.type.results else None


@local_rule("spawn-module-ok", fig="B.6", instr=SpawnModule)
def spawn_module_ok(frame: Frame, operands: tuple[Value, ...], instr: SpawnModule, oracle: Oracle) -> Step | None:
    """s; f; (ref mod) (ref a)^n spawn_module  -->  spawn' ((ref a)^n (instantiate mod) drop*) h

    as thread.create_mod (CM1, CM2)
    """
    found = asked(oracle, operands)
    if isinstance(found, str):
        return None
    module = oracle.store.module(concrete(operands[0].term))
    then = thread_of(frame, module, operands[1:], (_dumb(oracle, frame),))
    return Step((), then, found.actions, found.condition)


@local_rule("spawn-module-mismatch", fig="B.6", instr=SpawnModule)
def spawn_module_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: SpawnModule, oracle: Oracle
) -> Step | tuple[Step, ...]:
    """s; f; (ref mod) (ref a)^n spawn_module  -->  trap  where thread.create_mod traps"""
    return refused(oracle, operands)
