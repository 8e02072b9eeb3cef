"""Fig. 11 on the tree of one thread: fork', wait', notify', and the host's spawn and join.

Threads meet only in the structure's edges and in the symbols `fate`, `count` and `ended`; the model decides on these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.diagnostics import InternalError, Span
from semantics.execution.structure import Fate, Kind, Status
from semantics.exploration import handles, killing, turns
from semantics.exploration.confinement import FORKED
from semantics.exploration.linking import Await, Begin, Make, Planned, call_of, local_types
from semantics.exploration.path import Path
from semantics.reduction.fig11_global import notified_ok, spawn_ok, timeout_ok, wake_ok
from semantics.reduction.machine import interrupted, resume
from semantics.runtime.actions import Region
from semantics.runtime.configuration import (
    AwaitPrime,
    Configuration,
    Doing,
    ExitPrime,
    ForkPrime,
    JoinPrime,
    NotifyPrime,
    TakeTurn,
    WaitPrime,
)
from semantics.syntax.types import ValType
from semantics.terms import Term, apply, negate

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding

FATE_BITS = 2


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
    if isinstance(pending, ExitPrime):
        unfolding.spin.ended(config)
        return unfolding.leaf(path, Status.EXIT, code=pending.code)
    if isinstance(pending, WaitPrime):
        return _wait(unfolding, path, config, pending)
    if isinstance(pending, JoinPrime | AwaitPrime):
        return handles.suspended(unfolding, path, config, pending)
    if isinstance(pending, TakeTurn):
        return turns.take(unfolding, path, config, pending)
    raise InternalError("no administrative instruction is pending")


def _fork(unfolding: Unfolding, path: Path, config: Configuration, pending: ForkPrime) -> None:
    """spawn-ok: SPAWN here, START in a thread of its own, which runs commands as a host thread does."""
    builder, store = unfolding.builder, unfolding.plan.store
    code = pending.shown or store.func(pending.func).code
    path.forks += 1
    number = builder.thread_number(path.thread, path.forks)
    base = (code.binding or "fork").removeprefix("$")
    name = builder.thread_name(builder.threads[path.thread].name, path.forks, base)
    call = call_of(pending.func, code, pending.arguments)
    planned = Planned(FORKED, name, False, [call])
    planned.commands[:0] = [Make(made, None) for made in pending.made]
    child = begin(unfolding, path, planned, local_types(code, call.locals), None, number, "spawn-ok")
    turns.begin(unfolding, child, Doing.SUSPENDED if pending.asleep else Doing.READY)
    if pending.body is not None:
        child.call, child.position, child.config = call, len(planned.commands), pending.body
    if pending.ending is not None:
        child.ending = pending.ending
        unfolding.joins.threads[pending.ending.handle] = child.thread
        for region in store.regions(pending.ending.handle):
            unfolding.region_names[region] = f"{name}.{region.field.value}"
    builder.count_rule("spawn-ok")
    path.config = resume(config, *spawn_ok(pending).result)


def begin(
    unfolding: Unfolding,
    path: Path,
    planned: Planned,
    types: dict[str, ValType],
    span: Span | None,
    number: int,
    rule: str = "",
) -> Path:
    """SPAWN on the path, and the first node and START of the thread, to which the host gives that number; its path goes
    on the list of threads."""
    unfolding.together(path)
    builder = unfolding.builder
    spawn = builder.event(
        path.thread, path.node, Kind.SPAWN, (), rule, span, "fork" if rule else "thread", peer=len(builder.threads)
    )
    thread = builder.thread(planned.name, path.node, spawn, types, planned.hidden)
    first = builder.event(thread.id, thread.root, Kind.START, peer=path.thread)
    if not rule or unfolding.oracle.profile.spawn_sync:
        builder.asw.append((spawn, first))
    path.exposed = True
    path.effects += 1
    path.visible += 1
    child = Path(thread.id, thread.root, planned, held=unfolding.held_by(planned.number), number=number)
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
    rows = interrupted(config, unfolding.oracle)
    reads, unasked = handles.never_asked(unfolding, path)
    never = (*killing.goes_on(unfolding, path), *unasked)
    turns.end(unfolding, path, Doing.WAITING)
    conditions: list[tuple[Term, ...]] = [(condition(Fate.WOKEN),), (condition(Fate.BLOCKED), *never)]
    if expired is not None:
        finite = () if expired.condition == 1 else (expired.condition,)
        conditions.append((condition(Fate.TIMEOUT), *finite))
        if expired.condition == 1:  # sooner or later it expires
            del conditions[1]
        else:
            conditions[1] += (negate(expired.condition),)
    made = unfolding.children(path, [*conditions, *((condition(Fate.TIMEOUT), *row.step.condition) for row in rows)])
    if not made:
        return False
    going = []
    for child, row in zip(made[len(conditions) :], rows, strict=True):  # it leaves the queue as by a timeout
        builder.event(child.thread, child.node, Kind.TIMEOUT, rule=row.rule, queue=pending.location, peer=wait)
        if handles.interrupt(unfolding, child, row, Kind.ACCESS):
            going.append(child)
    for child, terms in zip(made, conditions, strict=False):
        here = (child.thread, child.node)
        if terms[0] == condition(Fate.BLOCKED):
            unfolding.spin.ended(config)
            handles.blocked(unfolding, child, reads, "never notified")
            continue
        woken = terms[0] == condition(Fate.WOKEN)
        kind, rule = (Kind.WOKEN, "wake-ok") if woken else (Kind.TIMEOUT, "timeout-ok")
        builder.event(*here, kind, rule=rule, queue=pending.location, peer=wait)
        builder.count_rule(rule)
        result = wake_ok(pending).result if woken else expired.result if expired is not None else ()
        child.config = resume(config, *result)
        turns.begin(unfolding, child, Doing.WAITING)
        child.effects += woken  # a wait that its own timeout ended changes nothing
        child.exposed |= woken
        child.visible += 1
        going.append(child)
    return unfolding.schedule(going)


def spawn(unfolding: Unfolding, path: Path, command: Begin) -> bool:
    """A host thread begins."""
    number = unfolding.builder.thread_number(path.thread, -len(unfolding.builder.threads))
    child = begin(unfolding, path, command.thread, command.thread.types, command.span, number)
    turns.begin(unfolding, child, Doing.NONE)
    path.children[command.thread.name] = child.thread
    return True


def join(unfolding: Unfolding, path: Path, command: Await) -> bool:
    """Goes on where the thread has ended; blocked for ever where it has not."""
    builder = unfolding.builder
    thread = path.children.get(command.thread)
    never = killing.goes_on(unfolding, path)
    if thread is None:  # spawned by a sibling: not to be seen from here
        for blocked in unfolding.children(path, [never]) if never else [path]:
            unfolding.leaf(blocked, Status.BLOCKED, f"join of {command.thread}")
        return False
    turns.end(unfolding, path, Doing.WAITING)
    ended = unfolding.joins.symbol(unfolding, thread)
    made = unfolding.children(path, [(ended,), (negate(ended), *never)])
    if not made:
        return False
    going, blocked = made
    event = builder.event(going.thread, going.node, Kind.JOIN, span=command.span, text="wait", peer=thread)
    unfolding.joins.joined(unfolding, thread, event)
    turns.begin(unfolding, going, Doing.WAITING)
    going.effects += 1
    unfolding.leaf(blocked, Status.BLOCKED, f"join of {command.thread}")
    return unfolding.schedule([going])
