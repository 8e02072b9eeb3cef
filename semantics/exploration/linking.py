"""Host commands resolved to addresses: imports linked, instances allocated, exports looked up (systems.md B.1, W4).

Commands do not depend on data, so that every object that they make has one address in all executions: all of them
are allocated before the unfolding begins, in program order. Their contents come to life where the command stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any, NamedTuple

from semantics.diagnostics import LinkError, Span, TextError
from semantics.exploration.held import content, load
from semantics.exploration.program import (
    ANYBODY,
    Get,
    HostThread,
    Instantiate,
    Invoke,
    Join,
    Post,
    Program,
    Provider,
    Receive,
    Sent,
    Spawn,
    Terminate,
)
from semantics.reduction.fig22_instantiation import instantiate, link
from semantics.reduction.hosts import host_function
from semantics.reduction.turns import THREADS
from semantics.runtime.actions import Field, Location, Region
from semantics.runtime.configuration import Instantiation, Value
from semantics.runtime.profile import ANY, Profile
from semantics.runtime.store import GlobalInst, MemInst, ModuleInst, Store
from semantics.syntax.modules import ExternKind, Function, Import, Module, with_nested
from semantics.syntax.types import I32, ExternType, FuncType, GlobalType, Limits, MemType, Share, ValType
from semantics.terms import Term
from semantics.validation import match_extern


@dataclass(frozen=True, slots=True)
class Make:
    """Instantiate: the objects are allocated; the event of their initial writes, then `made.code`, are to come."""

    made: Instantiation
    span: Span | None


class FromRegister(NamedTuple):
    """The value that a register of the thread has when the command begins."""

    type: ValType
    name: str


Argument = Value | FromRegister


@dataclass(frozen=True, slots=True)
class Call:
    """Invoke: a call of the function at `address`; also the run of a thread that `fork` starts. `locals` are the
    registers that show the function's named locals, with their indices."""

    address: int
    arguments: tuple[Argument, ...]
    locals: tuple[tuple[str, int], ...]
    results: tuple[str, ...] = ()
    trap_register: str | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get: the global at `address`."""

    address: int
    object: GlobalInst
    result: str
    span: Span | None


@dataclass(slots=True)
class Planned:
    """A host thread: its class in the analysis of confinement (its number), and its resolved commands."""

    number: int
    name: str
    hidden: bool
    commands: list[Make | Call | Fetch | Begin | Await | Message] = field(default_factory=list)
    types: dict[str, ValType] = field(default_factory=dict)
    instances: dict[str, ModuleInst] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begin:
    """Spawn."""

    thread: Planned
    span: Span | None


@dataclass(frozen=True, slots=True)
class Await:
    """Join."""

    thread: str
    span: Span | None


class Slot(NamedTuple):
    """Where a message passes, or what says that a thread was terminated: the address of a flag, and of a cell for each
    number. They are global variables of the host's, so that a message orders and carries as a seqcst variable does."""

    flag: int
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sending:
    """Post; `slot` is the message's own."""

    thread: str
    slot: Slot
    numbers: tuple[Argument, ...]
    objects: frozenset[Sent]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Receive, of the `ordinal`-th message on its way from `thread`."""

    thread: str
    ordinal: int
    results: tuple[str, ...]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Merge:
    """The next message that is posted, of those that `senders` post in their order, goes into the inbox: to `slot`."""

    thread: str
    senders: dict[str, tuple[Slot, ...]]
    slot: Slot
    span: Span | None


@dataclass(frozen=True, slots=True)
class Ending:
    """Terminate."""

    thread: str
    slot: Slot
    span: Span | None


Message = Sending | Dispatch | Merge | Ending


@dataclass(slots=True)
class Plan:
    """A program linked: the store with all objects that commands make, its host threads (the first is the main one),
    the modules, and every instance by name (the last one of that name)."""

    store: Store
    threads: list[Planned] = field(default_factory=list)
    instances: list[ModuleInst] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    by_name: dict[str, ModuleInst] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)
    messages: dict[tuple[str, str], list[Slot]] = field(default_factory=dict)  # by sender (ANYBODY: inbox) and receiver
    endings: dict[str, Slot] = field(default_factory=dict)  # of the threads that others terminate


class _Initial:
    """The oracle of linking: every object has its initial content."""

    def __init__(self, store: Store, profile: Profile) -> None:
        self.store = store
        self.profile = profile
        self.thread = 0
        self.handle = self.number = 0

    def read(self, location: Location, size: int, width: int) -> Term:
        """The initial content."""
        return load(location.region, content(self.store.initial[location.region]), location.offset, size)

    def possible(self, location: Location) -> Iterable[int]:
        """The initial content."""
        found = self.read(location, 1, 0)
        return (found,) if isinstance(found, int) else ()

    def spawned(self) -> int:
        """Linking spawns no thread."""
        return 1

    def choice(self) -> Term:
        """Nothing fails."""
        return 1


def plan(program: Program, profile: Profile) -> Plan:
    """Links all commands of a program.

    Raises LinkError for an import without a provider or with one of another type, and TextError for a command that
    names an instance, export or thread that there is not, or starts a second thread of one name.
    """
    found = Plan(_embedded(profile))
    oracle = _Initial(found.store, profile)
    todo = [(program.main, _begin(found, program.main, {}), {program.main.name})]
    while todo:
        thread, planned, threads = todo.pop(0)
        visible = set(threads)
        for command in thread.commands:
            if isinstance(command, Spawn):
                child = _begin(found, command.thread, planned.instances, command.span)
                planned.commands.append(Begin(child, command.span))
                visible.add(child.name)
                todo.append((command.thread, child, visible))
            elif isinstance(command, Join):
                if command.thread not in visible:
                    raise _unknown("thread", command.thread, visible, command.span)
                found.joined.add(command.thread)
                planned.commands.append(Await(command.thread, command.span))
            elif isinstance(command, Post | Receive | Terminate):
                planned.commands.append(_message(command, planned, found))
            else:
                planned.commands.append(_resolve(command, planned, found, oracle))
    for receiver in tuple(found.threads):
        _inbox(found, receiver)
    _match(found)
    return found


def _inbox(found: Plan, receiver: Planned) -> None:
    """The hidden thread that is the inbox of one that receives from anybody.

    It begins before there is anybody who posts, and its steps only read what their receiver then reads: it orders
    nothing else.
    """
    taken = [c for c in receiver.commands if isinstance(c, Dispatch)]
    named = Counter(c.thread for c in taken)
    senders = {s: tuple(slots[named[s] :]) for (s, to), slots in found.messages.items() if to == receiver.name}
    commands = []
    for dispatch in [c for c in taken if c.thread == ANYBODY][: sum(map(len, senders.values()))]:
        for sender, slots in senders.items():
            for number, slot in enumerate(slots[: dispatch.ordinal + 1], named[sender] + 1):
                _fits(found, receiver, dispatch, slot, f"message {number} from {sender}")
        slot = _slot(found.store, *(receiver.types[name] for name in dispatch.results))
        found.messages.setdefault((ANYBODY, receiver.name), []).append(slot)
        commands.append(Merge(receiver.name, senders, slot, dispatch.span))
    if commands:
        inbox = Planned(len(found.threads), f"inbox of {receiver.name}", True, [*commands])
        found.threads.append(inbox)
        main = found.threads[0].commands
        first = next(n for n, c in enumerate(main) if isinstance(c, Begin | Sending | Dispatch))
        main.insert(first, Begin(inbox, None))


def _match(found: Plan) -> None:
    """That the messages of a thread have the numbers that their receiver takes."""
    for thread in found.threads:
        for command in thread.commands:
            slots = found.messages.get((command.thread, thread.name), []) if isinstance(command, Dispatch) else []
            if not isinstance(command, Dispatch) or command.ordinal >= len(slots):
                continue
            what = f"message {command.ordinal + 1} from {command.thread}"
            _fits(found, thread, command, slots[command.ordinal], what)


def _fits(found: Plan, receiver: Planned, command: Dispatch, slot: Slot, what: str) -> None:
    sent = tuple(found.store.global_(a).type.type for a in slot.cells)
    if sent != tuple(receiver.types[name] for name in command.results):
        has = f"has {len(sent)} number{'s' * (len(sent) != 1)} ({', '.join(map(str, sent))})"
        raise TextError(f"{what} {has}", command.span)


def _message(command: Post | Receive | Terminate, thread: Planned, found: Plan) -> Sending | Dispatch | Ending:
    if isinstance(command, Receive):
        thread.types.update((name, type) for type, name in command.results)
        results = tuple(name for _, name in command.results)
        before = Counter(c.thread for c in thread.commands if isinstance(c, Dispatch))
        if before[ANYBODY] and command.thread != ANYBODY:
            raise TextError(f"{thread.name} received from anybody before", command.span)
        return Dispatch(command.thread, before[command.thread], results, command.span)
    if isinstance(command, Terminate):
        if command.thread not in found.endings:
            found.endings[command.thread] = _slot(found.store)
        return Ending(command.thread, found.endings[command.thread], command.span)
    slot = _slot(found.store, *(type for type, _ in command.numbers))
    found.messages.setdefault((thread.name, command.thread), []).append(slot)
    numbers = tuple(_argument(type, number) for type, number in command.numbers)
    return Sending(command.thread, slot, numbers, command.objects, command.span)


def _slot(store: Store, *types: ValType) -> Slot:
    """Fresh variables of the host's, all 0."""
    flag, *cells = (store.allocate(GlobalInst(GlobalType(Share.SHARED, True, t))) for t in (I32, *types))
    store.initial.update((region, 0) for a in (flag, *cells) for region in store.regions(a))
    return Slot(flag, tuple(cells))


def _argument(type: ValType, value: int | str) -> Argument:
    return FromRegister(type, value) if isinstance(value, str) else Value(type, value)


def _embedded(profile: Profile) -> Store:
    """A store with what the embedder keeps for itself."""
    store = Store()
    store.contexts = tuple(
        store.allocate(GlobalInst(GlobalType(Share.TLS, True, I32))) for _ in range(profile.contexts)
    )
    if profile.turns:
        if profile.handle != "none":
            raise ValueError("threads that take turns have no handles")
        store.turn = store.allocate(GlobalInst(GlobalType(Share.SHARED, True, I32)))
        store.states = store.allocate(MemInst(MemType(Share.SHARED, Limits(1, 1))))
    store.initial = {region: 0 for address in store.addresses() for region in store.regions(address)}
    if profile.turns:
        store.initial[Region(store.states, Field.LEN)] = THREADS
    return store


def _begin(found: Plan, thread: HostThread, instances: dict[str, ModuleInst], span: Span | None = None) -> Planned:
    if any(thread.name == other.name for other in found.threads):
        raise TextError(f"a second thread {thread.name}", span)
    made = Planned(len(found.threads), thread.name, thread.hidden, instances=dict(instances))
    found.threads.append(made)
    return made


def _resolve(
    command: Instantiate | Invoke | Get, thread: Planned, found: Plan, oracle: _Initial
) -> Make | Call | Fetch:
    if isinstance(command, Instantiate):
        return _instantiated(command, thread, found, oracle)
    instance = thread.instances.get(command.instance)
    if instance is None:
        raise _unknown("instance", command.instance, thread.instances, command.span)
    kind, address = instance.exports.get(command.export, (None, 0))
    wanted = ExternKind.FUNC if isinstance(command, Invoke) else ExternKind.GLOBAL
    if kind is not wanted:
        names = [name for name, (k, _) in instance.exports.items() if k is wanted]
        raise _unknown(f"exported {wanted.value}", command.export, names, command.span)
    if isinstance(command, Get):
        found_global = found.store[address]
        assert isinstance(found_global, GlobalInst)
        thread.types[command.result] = found_global.type.type
        return Fetch(address, found_global, command.result, command.span)
    function = found.store.func(address)
    arguments = tuple(_argument(t, v) for t, v in command.arguments)
    if tuple(t for t, _ in command.arguments) != function.type.params:
        raise TextError(f'"{command.export}" takes other arguments: {function.type}', command.span)
    found_call = call_of(address, function.code, arguments, command.prefix)
    thread.types.update(local_types(function.code, found_call.locals))
    thread.types.update(zip(command.results, function.type.results, strict=False))
    if command.trap_register is not None:
        thread.types[command.trap_register] = I32
    return replace(found_call, results=command.results, trap_register=command.trap_register, span=command.span)


def _instantiated(command: Instantiate, thread: Planned, found: Plan, oracle: _Initial) -> Make:
    module = command.module
    for opaque in (o for m in with_nested(module) for o in m.opaques):
        if (opaque.module, opaque.name) not in oracle.profile.types:
            raise LinkError(f'unknown import "{opaque.module}" "{opaque.name}"', opaque.span or command.span)
    imports = []
    for position, wanted in enumerate(module.imports):
        what = f'"{wanted.module}" "{wanted.name}"'
        span = wanted.span or command.span
        if position >= len(command.providers):
            raise LinkError(f"unknown import {what}", span)
        provider = command.providers[position]
        if provider is None:
            imports.append(_of_embedder(found.store, oracle.profile, wanted, what, span))
        else:
            imports.append(_provided(provider, thread, what, span))
    if link(module, imports, oracle) is None:
        link_types(module, [found.store.type(a) for a in imports], command.span)
    made = instantiate(found.store, module, tuple(imports))
    _needs(command, made.instance, found.store, oracle.profile)
    thread.instances[command.instance] = made.instance
    found.instances.append(made.instance)
    found.modules.append(module)
    found.by_name[command.instance] = made.instance
    return Make(made, command.span)


def _provided(provider: Provider, thread: Planned, what: str, span: Span | None) -> int:
    instance = thread.instances.get(provider.instance)
    entry = instance.exports.get(provider.export) if instance is not None else None
    if entry is None:
        raise LinkError(f"unknown import {what}", span)
    return entry[1]


def _of_embedder(store: Store, profile: Profile, wanted: Import, what: str, span: Span | None) -> int:
    """A function of the design's embedder: for an import of a name, or of any name of a module."""
    host = profile.host
    operation, type = host.get((wanted.module, wanted.name)) or host.get((wanted.module, ANY)) or (None, None)
    if operation is None or not isinstance(wanted.type, FuncType):
        raise LinkError(f"unknown import {what}", span)
    if callable(type):
        if wrong := type(wanted.type):
            raise LinkError(f"incompatible import type of {what}: {wrong}, wanted is {wanted.type}", span)
    elif type is not None and type != wanted.type:
        raise LinkError(f"incompatible import type of {what}: it is {type}, wanted is {wanted.type}", span)
    arguments: dict[str, Any] = {"name": wanted.name} if any(f.name == "name" for f in fields(operation)) else {}
    return host_function(store, wanted.type, operation(**arguments))


def _needs(command: Instantiate, instance: ModuleInst, store: Store, profile: Profile) -> None:
    """That an instance exports what the design asks of those that import its embedder's functions (DEC 10)."""
    for position, wanted in enumerate(command.module.imports):
        key = (wanted.module, wanted.name)
        name, type = profile.needs.get(key) or profile.needs.get((wanted.module, ANY)) or ("", None)
        if not name or command.providers[position] is not None or not isinstance(wanted.type, FuncType):
            continue
        name = wanted.name if name == ANY else name
        kind, address = instance.exports.get(name, (None, 0))
        found = store.func(address).type if kind is ExternKind.FUNC else None
        if found is None or (found != type if type is not None else found.params != wanted.type.params):
            taken = type if type is not None else f"with the parameters ({' '.join(map(str, wanted.type.params))})"
            actual = "there is none" if found is None else f"it is {found}"
            message = (
                f'what imports "{wanted.module}" "{wanted.name}" must export a function "{name}" {taken}: {actual}'
            )
            raise LinkError(message, wanted.span or command.span)


def link_types(module: Module, providers: Sequence[ExternType | None], span: Span | None = None) -> None:
    """Checks that definitions of the given types, in the order of the imports, may be linked to a module.

    Raises LinkError, with the words of the core specification, for an import whose provider is missing (None) or has
    another type.
    """
    for position, wanted in enumerate(module.imports):
        actual = providers[position] if position < len(providers) else None
        what = f'"{wanted.module}" "{wanted.name}"'
        if actual is None:
            raise LinkError(f"unknown import {what}", wanted.span or span)
        if not match_extern(actual, wanted.type):
            message = f"incompatible import type of {what}: it is {actual}, wanted is {wanted.type}"
            raise LinkError(message, wanted.span or span)


def call_of(address: int, function: Function, arguments: tuple[Argument, ...], prefix: str = "") -> Call:
    """A call whose registers are the function's named locals: `prefix` and the name without its `$`."""
    names = enumerate(function.local_names)
    return Call(address, arguments, tuple((prefix + n.removeprefix("$"), i) for i, n in names if n is not None))


def local_types(function: Function, registers: tuple[tuple[str, int], ...]) -> dict[str, ValType]:
    """The types of the registers that show named locals."""
    types = (*function.type.params, *function.locals)
    return {name: types[i] for name, i in registers}


def _unknown(what: str, name: str, known: Iterable[str], span: Span | None) -> TextError:
    near = get_close_matches(name, list(known), 1)
    return TextError(f"unknown {what} {name}", span, hint=f"did you mean {near[0]}?" if near else "")
