"""The concrete run of a sequential program, by the same rules: one thread, a store of bytes.

Where several rows match, the oracle has decided: growth succeeds wherever it may.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from math import inf
from time import perf_counter
from typing import NamedTuple

from semantics.diagnostics import InternalError, LinkError, Unsupported
from semantics.reduction.contents import Bytes, Entries
from semantics.reduction.fig11_global import notified_ok, timeout_ok
from semantics.reduction.fig22_instantiation import instantiate, link
from semantics.reduction.machine import Stop, evaluating, resume, run_pure, start, successors
from semantics.runtime.actions import Field, Image, Location, Payload, Region, Rmw, Write
from semantics.runtime.configuration import Configuration, ExitPrime, ForkPrime, NotifyPrime, Trap, Value, WaitPrime
from semantics.runtime.profile import DEFAULT, Profile
from semantics.runtime.store import ModuleInst, Store
from semantics.syntax.modules import Module
from semantics.syntax.types import ValType
from semantics.terms import Term

DEPTH = 1_000  # nested calls, before the call stack is exhausted
BREATH = 100_000  # so many steps without an event, and the clock is looked at
OUT_OF_STACK = "call stack exhausted"


class Exhausted(NamedTuple):
    """The run was given up: call stack, steps or time."""

    reason: str


class Suspended(NamedTuple):
    """A wait that no thread will ever wake."""

    location: Location


Result = tuple[Value, ...] | Trap | Exhausted | Suspended


class SequentialStore:
    """The store of one thread: the oracle that answers with what was written last."""

    def __init__(self, profile: Profile = DEFAULT) -> None:
        self.store = Store()
        self.profile = profile
        self.thread = 0
        self.handle = self.number = 0
        self.bytes: dict[int, Bytes] = {}  # a.data
        self.entries: dict[int, Entries] = {}  # a.elem
        self.values: dict[Region, int] = {}  # a.val, a.len

    def read(self, location: Location, size: int, width: int) -> Term:
        """The current value."""
        region, offset = location.region, location.offset
        if region.field is Field.DATA:
            return int.from_bytes(self.bytes[region.addr].load(offset, size), "little")
        if region.field is Field.ELEM:
            return self.entries[region.addr].load(offset)
        if region not in self.values:  # a cell of the thread's own, which nobody has written
            return self.values[Region(region.addr, region.field)]
        return self.values[region]

    def possible(self, location: Location) -> Iterable[int]:
        """The current value; none where the unit does not exist."""
        region = location.region
        if region.field is Field.ELEM:
            inside = location.offset < self.values[Region(region.addr, Field.LEN)]
            return (self.entries[region.addr].load(location.offset),) if inside else ()
        return (self.values[region],)

    def spawned(self) -> int:
        """No thread is spawned."""
        return 1

    def choice(self) -> Term:
        """Growth succeeds: a sequential run follows one path."""
        return 1

    def write(self, location: Location, size: int, payload: Payload) -> None:
        """Takes a write, which may extend its region."""
        region, offset = location.region, location.offset
        if region.field is Field.DATA:
            self.bytes.setdefault(region.addr, Bytes()).store(offset, payload, size)
        elif region.field is Field.ELEM:
            entries = self.entries.get(region.addr)
            if entries is None:
                entries = self.entries[region.addr] = Entries(payload.default if isinstance(payload, Image) else 0)
            entries.store(offset, payload, size)
        else:
            self.values[region] = _concrete(payload)


class Sequential:
    """A host that instantiates modules and calls their functions, one after another.

    `steps` bounds each call, `seconds` all of them, counted from here; `counts` counts the rules that fire.
    """

    def __init__(self, profile: Profile = DEFAULT, *, steps: int = 50_000_000, seconds: float | None = None) -> None:
        self.oracle = SequentialStore(profile)
        self.steps = steps
        self.deadline = inf if seconds is None else perf_counter() + seconds
        self.counts: MutableMapping[str, int] = {}

    @property
    def store(self) -> Store:
        """s"""
        return self.oracle.store

    def instantiate(self, module: Module, imports: Sequence[int] = ()) -> tuple[ModuleInst, Result]:
        """A new instance, and how its segments and start function ended.

        `imports` are addresses in the order of the module's imports. Raises LinkError where they do not match.
        """
        found = link(module, imports, self.oracle)
        if found is None:
            raise LinkError("incompatible import type", module.span)
        made = instantiate(self.store, module, tuple(imports))
        for write in made.writes:
            self.oracle.write(write.location, write.size, write.value)
        return made.instance, self._run(evaluating(made.instance, made.code))

    def invoke(self, func: int, arguments: Sequence[Value] = ()) -> Result:
        """Calls the function at an address."""
        return self._run(start(self.store, func, arguments))

    def call(self, instance: ModuleInst, export: str, *arguments: int) -> Result:
        """Calls an exported function with bit patterns."""
        func = instance.exports[export][1]
        types = self.store.func(func).type.params
        return self.invoke(func, tuple(Value(t, a) for t, a in zip(types, arguments, strict=True)))

    def global_value(self, address: int) -> tuple[ValType, int]:
        """Type and current value of a global."""
        region = self.store.regions(address)[0]
        return self.store.global_(address).type.type, self.oracle.values[region]

    def _run(self, config: Configuration) -> Result:
        left = self.steps
        while True:
            some = min(left, BREATH)
            config, why, taken = run_pure(config, self.oracle, steps=some, depth=DEPTH, counts=self.counts)
            left -= max(taken, 1)
            match why:
                case Stop.VALUES:
                    return config.operands
                case Stop.TRAP if isinstance(config.pending, Trap):
                    return config.pending
                case Stop.DEPTH:
                    return Exhausted(OUT_OF_STACK)
                case Stop.REDEX:
                    config = self._step(config)
                case Stop.GLOBAL:
                    ended = self._global(config)
                    if isinstance(ended, Suspended):
                        return ended
                    config = ended
                case _:
                    pass
            if left <= 0:
                return Exhausted("step limit reached")
            if perf_counter() > self.deadline:
                return Exhausted("time limit reached")

    def _step(self, config: Configuration) -> Configuration:
        """The one transition of the local relation; its writes are carried out."""
        found = successors(config, self.oracle)
        if len(found) != 1:
            raise InternalError(f"a concrete step has {len(found)} successors: {', '.join(t.rule for t in found)}")
        transition = found[0]
        self.counts[transition.rule] = self.counts.get(transition.rule, 0) + 1
        for action in transition.step.actions:
            if isinstance(action, Write):
                self.oracle.write(action.location, action.size, action.value)
            elif isinstance(action, Rmw):
                self.oracle.write(action.location, action.size, action.new)
        return transition.after

    def _global(self, config: Configuration) -> Configuration | Suspended:
        """Fig. 11 with one thread: nobody to wake, nobody to be woken by."""
        pending = config.pending
        if isinstance(pending, NotifyPrime):
            return resume(config, *notified_ok(pending, 0).result)
        if isinstance(pending, WaitPrime):
            ended = timeout_ok(pending)
            return Suspended(pending.location) if ended is None else resume(config, *ended.result)
        if isinstance(pending, ForkPrime | ExitPrime):
            raise Unsupported("a thread, or the program's exit, in a sequential run")
        raise InternalError("no administrative instruction is pending")


def _concrete(payload: object) -> int:
    if isinstance(payload, int):
        return payload
    raise InternalError("a sequential run meets a symbol")
