"""Sequential consistency by brute force: all interleavings of the threads' steps, with a concrete store.

It shares the reduction rules with the unfolding and nothing else: no symbols, no domains, no dropped iterations.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from semantics.execution.outcomes import Outcome
from semantics.execution.structure import Status
from semantics.profiles.fork import FORK
from semantics.reduction.machine import Stop, run_pure, start, successors
from semantics.reduction.run import Sequential
from semantics.runtime.actions import Field, Location, Rmw, Write
from semantics.runtime.configuration import Configuration
from semantics.runtime.store import Store
from semantics.syntax.modules import Module
from semantics.syntax.types import PAGE
from semantics.terms import Term

Bytes = tuple[int, ...]
BYTES = 32  # of memory that programs write
LIMIT = 60_000


class TooMany(Exception):
    """More states than a test should visit."""


class _World:
    """The oracle: a store of `BYTES` bytes and a length."""

    def __init__(self, store: Store, memory: int) -> None:
        self.store = store
        self.profile = FORK
        self.memory = memory
        self.bytes: Bytes = ()

    def read(self, location: Location, size: int, width: int) -> Term:
        if location.region.field is Field.LEN:
            return PAGE
        low = location.offset
        return int.from_bytes((self.bytes + (0,) * 8)[low : low + size] if low < BYTES else (0,) * size, "little")

    def possible(self, location: Location) -> Iterable[int]:
        return ()

    def choice(self) -> Term:
        return 1


def interleavings(module: Module, threads: tuple[str, ...], *, killing: bool = False) -> set[Outcome]:
    """The outcomes of the exported functions `threads`, run side by side. Only loads, stores and updates may meet.

    `killing`: a trap ends the program, at any time after the thread has come to it; a thread that has come to its end
    then has ended, or is killed before it could.
    """
    setup = Sequential()
    instance, _ = setup.instantiate(module)
    world = _World(setup.store, instance.mems[0])
    initial = tuple(setup.oracle.bytes[world.memory].load(0, BYTES))
    functions = [setup.store.func(instance.exports[t][1]) for t in threads]
    configs = tuple(start(setup.store, instance.exports[t][1]) for t in threads)
    found: set[Outcome] = set()
    seen: set[object] = set()
    todo = [(initial, tuple(_pure(c, world) for c in configs))]
    while todo:
        state, running = todo.pop()
        key = (state, tuple((stop, _key(config)) for config, stop in running))
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > LIMIT:
            raise TooMany
        stops = [stop for _, stop in running]
        ways: list[tuple[Status, ...]] = []
        if all(stop is not Stop.REDEX for stop in stops) and not (killing and Stop.TRAP in stops):
            ways.append(tuple(Status.DONE if stop is Stop.VALUES else Status.TRAP for stop in stops))
        for last, stop in enumerate(stops):
            if killing and stop is Stop.TRAP:
                either = [(Status.DONE, Status.KILLED) if s is Stop.VALUES else (Status.KILLED,) for s in stops]
                either[last] = (Status.TRAP,)
                ways += product(*either)
        for way in ways:
            values = tuple(
                ((thread, name[1:]), value.term)
                for thread, function, (config, _), status in zip(threads, functions, running, way, strict=True)
                for name, value in zip(function.code.local_names, config.frame.locals, strict=False)
                if name is not None and isinstance(value.term, int) and status is not Status.KILLED
            )
            found.add(Outcome(tuple(sorted(values)), tuple(sorted(zip(threads, way, strict=True)))))
        for i, (config, stop) in enumerate(running):
            if stop is not Stop.REDEX:
                continue
            world.bytes = state
            (transition,) = successors(config, world)
            after = bytearray(state)
            for action in transition.step.actions:
                if isinstance(action, Write | Rmw) and action.location.offset < BYTES:
                    value = action.new if isinstance(action, Rmw) else action.value
                    low = action.location.offset
                    after[low : low + action.size] = value.to_bytes(action.size, "little")
            going = (*running[:i], _pure(transition.after, world), *running[i + 1 :])
            todo.append((tuple(after[:BYTES]), going))
    return found


def _pure(config: Configuration, world: _World) -> tuple[Configuration, Stop]:
    while True:
        config, stop, _ = run_pure(config, world)
        if stop in (Stop.REDEX, Stop.VALUES, Stop.TRAP):
            return config, stop


def _key(config: Configuration) -> object:
    """What a configuration will do, by identity of code."""
    labels = []
    label = config.label
    while label is not None:
        labels.append((id(label.code), label.pc, label.operands))
        label = label.outer
    callers = []
    caller = config.caller
    while caller is not None:
        callers.append((id(caller.code), caller.pc, caller.operands, caller.frame.locals))
        caller = caller.outer
    return (
        id(config.code),
        config.pc,
        config.operands,
        config.frame.locals,
        tuple(labels),
        tuple(callers),
        config.pending,
    )
