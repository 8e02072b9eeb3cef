"""Fig. 11 on the tree of one thread: fork', wait', notify', and the host's spawn and join.

Threads meet only in the structure's edges and in the symbols `fate`, `count` and `ended`; the model decides on these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.diagnostics import InternalError, Span
from semantics.execution.structure import Fate, Kind, Origin, Status
from semantics.exploration import killing
from semantics.exploration.confinement import FORKED
from semantics.exploration.linking import Await, Begin, Make, Planned, call_of, local_types
from semantics.exploration.path import Path
from semantics.reduction.access import read_value, value_of
from semantics.reduction.fig11_global import notified_ok, spawn_ok, timeout_ok, wake_ok
from semantics.reduction.handles import DONE, DOOMED, TRAPPED, at_end
from semantics.reduction.machine import resume
from semantics.runtime.actions import Action, Region
from semantics.runtime.configuration import Collect, Configuration, ForkPrime, JoinPrime, NotifyPrime, Value, WaitPrime
from semantics.syntax.types import I32, Order, ValType
from semantics.terms import Sym, Term, apply, negate

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding

FATE_BITS = 2


class Joins:
    """Which threads are joined: their ENDED symbols, END events, and the JOIN events that wait for them."""

    def __init__(self) -> None:
        self._symbols: dict[int, Sym] = {}
        self._ends: dict[int, list[int]] = {}
        self._waiting: dict[int, list[int]] = {}
        self.by_handle: dict[int, int] = {}

    def ended(self, unfolding: Unfolding, path: Path) -> None:
        """A path has ended with values or a trap: an END event, if some join names its thread."""
        builder = unfolding.builder
        if path.planned.handle or builder.threads[path.thread].name in unfolding.plan.joined:
            event = builder.event(path.thread, path.node, Kind.END)
            self._ends.setdefault(path.thread, []).append(event)
            builder.asw += [(event, join) for join in self._waiting.get(path.thread, ())]

    def symbol(self, unfolding: Unfolding, thread: int) -> Sym:
        """The ENDED symbol of a thread."""
        found = self._symbols.get(thread)
        if found is None:
            found = self._symbols[thread] = unfolding.builder.symbol(1, "ended")
            unfolding.builder.introduce(found, Origin.ENDED, thread=thread)
        return found

    def joined(self, unfolding: Unfolding, thread: int, join: int) -> None:
        """A JOIN event waits for a thread."""
        self._waiting.setdefault(thread, []).append(join)
        unfolding.builder.asw += [(end, join) for end in self._ends.get(thread, ())]


def global_step(unfolding: Unfolding, path: Path, config: Configuration) -> bool:
    """Does what the pending administrative instruction of a thread asks for. Whether the path goes on."""
    pending = config.pending
    if isinstance(pending, ForkPrime):
        if len(unfolding.builder.threads) >= unfolding.bounds.threads:
            return unfolding.leaf(path, Status.CUT, f"bound of {unfolding.bounds.threads} threads reached")
        _fork(unfolding, path, config, pending)
        return True
    if isinstance(pending, NotifyPrime):
        count = path.notifies[-1]
        path.limits[count] = pending.limit
        unfolding.builder.count_rule("notified-ok")
        path.config = resume(config, *notified_ok(pending, 0 if pending.limit == 0 else count).result)
        return True
    if isinstance(pending, WaitPrime):
        return _wait(unfolding, path, config, pending)
    if isinstance(pending, JoinPrime):
        path.config = config._replace(pending=Collect(pending.handle))
        thread = unfolding.joins.by_handle.get(pending.handle)
        name = "a thread that never was" if thread is None else unfolding.builder.threads[thread].name
        return _until_ended(unfolding, path, thread, name, "join")
    raise InternalError("no administrative instruction is pending")


def _fork(unfolding: Unfolding, path: Path, config: Configuration, pending: ForkPrime) -> None:
    """spawn-ok: SPAWN here, START in a thread of its own, which runs commands as a host thread does."""
    builder, store = unfolding.builder, unfolding.plan.store
    code = pending.shown or store.func(pending.func).code
    path.forks += 1
    base = (code.binding or "fork").removeprefix("$")
    name = builder.thread_name(builder.threads[path.thread].name, path.forks, base)
    call = call_of(pending.func, code, pending.arguments)
    planned = Planned(FORKED, name, False, [call], handle=pending.handle)
    if pending.made is not None:
        planned.commands.insert(0, Make(pending.made, None))
    child = begin(unfolding, path, planned, local_types(code, call.locals), None, "spawn-ok")
    if pending.handle:
        unfolding.joins.by_handle[pending.handle] = child.thread
    if pending.body is not None:
        child.call, child.position, child.config = call, 1, pending.body
    builder.count_rule("spawn-ok")
    path.config = resume(config, *spawn_ok(pending).result)


def begin(
    unfolding: Unfolding, path: Path, planned: Planned, types: dict[str, ValType], span: Span | None, rule: str = ""
) -> Path:
    """SPAWN on the path, and the first node and START of the thread; its path goes on the list of threads."""
    unfolding.together(path)
    builder = unfolding.builder
    spawn = builder.event(
        path.thread, path.node, Kind.SPAWN, (), rule, span, "fork" if rule else "thread", peer=len(builder.threads)
    )
    thread = builder.thread(planned.name, path.node, spawn, types, planned.hidden)
    first = builder.event(thread.id, thread.root, Kind.START, peer=path.thread)
    builder.asw.append((spawn, first))
    path.exposed = True
    path.effects += 1
    path.visible += 1
    child = Path(thread.id, thread.root, planned, held=unfolding.held_by(planned.number))
    child.children = dict(path.children)
    if unfolding.oracle.profile.inherit == "copy":
        own, mine = 1 + path.thread, 1 + thread.id
        child.held |= {Region(r.addr, r.field, mine): v for r, v in path.held.items() if r.of == own}
    unfolding.threads.append(child)
    return child


def _wait(unfolding: Unfolding, path: Path, config: Configuration, pending: WaitPrime) -> bool:
    """wake-ok, timeout-ok, or neither for ever: a child for each fate."""
    builder, wait = unfolding.builder, path.suspension
    fate = builder.events[wait].fate
    if fate is None:
        raise InternalError("a wait without a fate")

    def condition(value: Fate) -> Term:
        return apply("eq", 1, fate, value.value, arg_width=FATE_BITS)

    expired = timeout_ok(pending)
    never = killing.goes_on(unfolding, path)
    conditions: list[tuple[Term, ...]] = [(condition(Fate.WOKEN),), (condition(Fate.BLOCKED), *never)]
    if expired is not None:
        finite = () if expired.condition == 1 else (expired.condition,)
        conditions.append((condition(Fate.TIMEOUT), *finite))
        if expired.condition == 1:  # sooner or later it expires
            del conditions[1]
        else:
            conditions[1] += (negate(expired.condition),)
    made = unfolding.children(path, conditions)
    if not made:
        return False
    going = []
    for child, terms in zip(made, conditions, strict=True):
        here = (child.thread, child.node)
        if terms[0] == condition(Fate.BLOCKED):
            unfolding.spin.ended(config)
            unfolding.leaf(child, Status.BLOCKED, "never notified")
            continue
        woken = terms[0] == condition(Fate.WOKEN)
        kind, rule = (Kind.WOKEN, "wake-ok") if woken else (Kind.TIMEOUT, "timeout-ok")
        builder.event(*here, kind, rule=rule, queue=pending.location, peer=wait)
        builder.count_rule(rule)
        result = wake_ok(pending).result if woken else expired.result if expired is not None else ()
        child.config = resume(config, *result)
        child.effects += woken  # a wait that its own timeout ended changes nothing
        child.exposed |= woken
        child.visible += 1
        going.append(child)
    return unfolding.schedule(going)


def spawn(unfolding: Unfolding, path: Path, command: Begin) -> bool:
    """A host thread begins."""
    child = begin(unfolding, path, command.thread, command.thread.types, command.span)
    path.children[command.thread.name] = child.thread
    return True


def join(unfolding: Unfolding, path: Path, command: Await) -> bool:
    """The host waits for a thread."""
    thread = path.children.get(command.thread)  # None: spawned by a sibling, not to be seen from here
    return _until_ended(unfolding, path, thread, command.thread, "wait", command.span)


def _until_ended(
    unfolding: Unfolding, path: Path, thread: int | None, name: str, text: str, span: Span | None = None
) -> bool:
    """Goes on where the thread has ended; blocked for ever where it has not."""
    builder = unfolding.builder
    never = killing.goes_on(unfolding, path)
    if thread is None:
        for blocked in unfolding.children(path, [never]) if never else [path]:
            unfolding.leaf(blocked, Status.BLOCKED, f"join of {name}")
        return False
    ended = unfolding.joins.symbol(unfolding, thread)
    made = unfolding.children(path, [(ended,), (negate(ended), *never)])
    if not made:
        return False
    going, blocked = made
    event = builder.event(going.thread, going.node, Kind.JOIN, span=span, text=text, peer=thread)
    unfolding.joins.joined(unfolding, thread, event)
    going.effects += 1
    unfolding.leaf(blocked, Status.BLOCKED, f"join of {name}")
    return unfolding.schedule([going])


def end_done(unfolding: Unfolding, path: Path, values: tuple[Value, ...]) -> None:
    """A thread with a handle leaves its values there."""
    if path.planned.handle:
        _record(unfolding, path, at_end(unfolding.plan.store, path.planned.handle, DONE, values))


def end_trapped(unfolding: Unfolding, path: Path, reason: str) -> bool:
    """Ends a path by a trap, of which the thread's handle, if it has one, tells; the program too if it is doomed."""
    handle, store = path.planned.handle, unfolding.plan.store
    if not handle:
        return unfolding.leaf(path, Status.TRAP, reason)
    actions = at_end(store, handle, TRAPPED)
    if unfolding.over is None:
        _record(unfolding, path, actions)
        return unfolding.leaf(path, Status.TRAP, reason)
    own = read_value(unfolding.oracle, value_of(store.thread(handle).own), I32.bits, Order.SEQCST)
    _record(unfolding, path, (*actions, own))
    doomed = apply("eq", 1, own.value, DOOMED, arg_width=I32.bits)
    for child, ends in zip(unfolding.children(path, [(doomed,), (negate(doomed),)]), (True, False), strict=False):
        unfolding.leaf(child, Status.TRAP, reason, ends=ends)
    return False


def _record(unfolding: Unfolding, path: Path, actions: tuple[Action, ...]) -> None:
    unfolding.together(path)
    unfolding.builder.event(path.thread, path.node, Kind.ACCESS, actions, "thread-end", text="end")
