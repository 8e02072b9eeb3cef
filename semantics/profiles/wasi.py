"""wasi-threads: thread-spawn by the host, an instance for each thread (systems.md B.2, P2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.reduction.designs import Effect, enter
from semantics.reduction.registry import Oracle, local_rule
from semantics.reduction.relinking import Initialise, remade
from semantics.runtime.configuration import Activate, ExitPrime, ForkPrime, Frame, Step, Value
from semantics.runtime.discipline import THREADS
from semantics.runtime.profile import DEFAULT
from semantics.syntax.instructions import Const, DesignInstr, Expr, LocalGet
from semantics.syntax.modules import ExternKind
from semantics.syntax.types import I32, FuncType, Share

ENTRY = "wasi_thread_start"
TIDS = 1 << 29
FAILED = (1 << 32) - 1  # -1


@dataclass(frozen=True, slots=True)
class ThreadSpawn(DesignInstr):
    """The body of the host function "wasi" "thread-spawn" : [i32] -> [i32]."""

    opcode: ClassVar[str] = "thread-spawn"
    feature: ClassVar[str] = "thread-spawn"


@dataclass(frozen=True, slots=True)
class ThreadStart(DesignInstr):
    """Starts the thread whose instance the creator has made: the host's code has it, no program does."""

    opcode: ClassVar[str] = "thread-start"
    feature: ClassVar[str] = "thread-spawn"


@dataclass(frozen=True, slots=True)
class ProcExit(DesignInstr):
    """The body of the host function "wasi_snapshot_preview1" "proc_exit" : [i32] -> []."""

    opcode: ClassVar[str] = "proc_exit"
    feature: ClassVar[str] = "thread-spawn"


enter(ThreadSpawn, 1, effect=Effect(fresh=True))
enter(ThreadStart, 2, effect=Effect())
enter(ProcExit, 1, effect=Effect())

_SPAWN, _EXIT = FuncType(Share.LOCAL, (I32,), (I32,)), FuncType(Share.LOCAL, (I32,), ())
WASI = replace(
    DEFAULT,
    name="wasi",
    summary="wasi-threads: the host's thread-spawn makes an instance for each thread; traps and exits end all",
    typing=replace(THREADS, name="wasi", several_memories=True),
    spawn="thread-spawn",
    host={
        ("wasi", "thread-spawn"): (ThreadSpawn, _SPAWN),
        ("wasi", "proc_exit"): (ProcExit, _EXIT),
        ("wasi_snapshot_preview1", "proc_exit"): (ProcExit, _EXIT),
    },
    needs={("wasi", "thread-spawn"): (ENTRY, FuncType(Share.LOCAL, (I32, I32), ()))},
    own="nobody",
    trap="all",
    mainret="exit-all",
    exits=True,
    place="parent",
)
"""The README's order of steps: the creator makes the instance, then starts the thread (DEC 11)."""

WASI_CHILD = replace(
    WASI,
    name="wasi-child",
    summary="wasi, where the new thread itself makes its instance",
    typing=replace(WASI.typing, name="wasi-child"),
    place="child",
)
"""As Wasmtime does."""

WASI_REACTOR = replace(
    WASI_CHILD,
    name="wasi-reactor",
    summary="wasi-child for reactors: what the host calls is no _start, and its return ends nothing",
    typing=replace(WASI.typing, name="wasi-reactor"),
    mainret="isolate",
)
"""The host calls an export of a reactor, not `_start`."""

WASI_SKIP = replace(
    WASI,
    name="wasi-skip",
    summary="wasi, where start functions do not run again",
    typing=replace(WASI.typing, name="wasi-skip"),
    restart="skip",
)
"""As WAMR does (WS4)."""

WASI_RELINK = replace(
    WASI,
    name="wasi-relink",
    summary="wasi, where a thread shares memories alone: instances that its module imports from are made again",
    typing=replace(WASI.typing, name="wasi-relink"),
    same="memories",
)
"""DEC 12, the variant."""


@local_rule("thread-spawn-ok", fig="B.2", instr=ThreadSpawn)
def thread_spawn_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadSpawn, oracle: Oracle) -> Step | None:
    """WS1  s; f; (i32.const v) thread-spawn  -->  m', then spawn' (tid v (call' m'(wasi_thread_start))) (i32.const tid)

    if m' is f's instance made again, linked with the same objects, and tid is fresh. m' comes to life in the parent
    before the spawn, or in the child after it (WS3, profile place). f's instance is that of the calling function (WS7).
    """
    tid = oracle.spawned()
    if ENTRY not in frame.instance.exports or tid >= TIDS:
        return None
    made = remade(oracle.store, frame.instance, oracle.profile, creator=frame)
    new, number = made[-1].instance, Value(I32, tid)
    if oracle.profile.place == "child":
        return Step((), ForkPrime(new.exports[ENTRY][1], (number, operands[0]), (number,), made))
    code: Expr = (*map(Initialise, made), Const(I32, tid), LocalGet(0), ThreadStart())
    return Step((), Activate(Frame(new, (operands[0],)), code))


@local_rule("thread-start-ok", fig="B.2", instr=ThreadStart)
def thread_start_ok(frame: Frame, operands: tuple[Value, ...], instr: ThreadStart, oracle: Oracle) -> Step:
    """WS1  f; (i32.const tid) (i32.const v) thread-start

    -->  spawn' (tid v (call' f(wasi_thread_start))) (i32.const tid)
    """
    return Step((), ForkPrime(frame.instance.exports[ENTRY][1], operands, operands[:1]))


@local_rule("thread-spawn-fail", fig="B.2", instr=ThreadSpawn)
def thread_spawn_fail(frame: Frame, operands: tuple[Value, ...], instr: ThreadSpawn, oracle: Oracle) -> Step | None:
    """WS2  f; (i32.const v) thread-spawn  -->  i32.const -1

    if the host will not (profile spawn_fails), or cannot: the instance has no wasi_thread_start, no tid is left
    """
    entry = frame.instance.exports.get(ENTRY, (None, 0))[0] is ExternKind.FUNC
    if oracle.profile.spawn_fails or not entry or oracle.spawned() >= TIDS:
        return Step((Value(I32, FAILED),))
    return None


@local_rule("proc-exit-ok", fig="B.2", instr=ProcExit)
def proc_exit_ok(frame: Frame, operands: tuple[Value, ...], instr: ProcExit, oracle: Oracle) -> Step:
    """WS6  f; (i32.const c) proc_exit  -->  exit' c: the configuration becomes EXIT c"""
    return Step((), ExitPrime(operands[0].term))
