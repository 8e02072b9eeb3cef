"""Unfolding: every thread on its own, to a tree of events (systems.md A.6, item 1).

A read of a region that is shared and not constant yields a fresh symbol. A path forks where rows have conditions on
symbols, where a suspension may end in several ways, and where an operand that says where an action goes is symbolic.
The last kind waits until nothing else is left to do: then `domains` says which values the operand may have, each gives
a child node, and the unfolding goes on, until no new value turns up. (A value that only what comes after that very
access could justify, out of thin air, does not turn up.) Threads are unfolded one after another in the order of their
spawning, paths depth first, so that ids are the same every time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from time import perf_counter

from semantics.diagnostics import InternalError, Span
from semantics.execution.structure import EXIT_CODE, MADE, Kind, Origin, Status, Touch
from semantics.exploration import commands, handles, killing, messages, suspension, turns
from semantics.exploration.builder import Builder
from semantics.exploration.confinement import Confinement
from semantics.exploration.domains import Domains, Loose
from semantics.exploration.held import Content, content, payload_of
from semantics.exploration.linking import Make, Plan
from semantics.exploration.mnemonic import mnemonic
from semantics.exploration.oracle import Oracle, Undecided
from semantics.exploration.path import Path
from semantics.exploration.program import Bounds
from semantics.exploration.spin import Spin, Verdict, outermost
from semantics.reduction.hosts import host_effects
from semantics.reduction.machine import Stop, redex_operands, run_pure, successors, with_operand
from semantics.reduction.operands import ALL_CONCRETE, CONCRETE, concrete_positions
from semantics.runtime.actions import (
    Action,
    Field,
    Location,
    Read,
    Region,
    Write,
    read_value,
    reading,
    writing,
    written,
)
from semantics.runtime.configuration import Configuration, Doing, NotifyPrime, Step, Transition, WaitPrime
from semantics.runtime.profile import Profile
from semantics.syntax import instructions
from semantics.syntax.instructions import Fence, Instantiate, Instr, Wait
from semantics.syntax.types import I32, Order
from semantics.terms import Term, apply, extract, symbols
from semantics.terms.term import App

ROUNDS = 64
"""How often new values of addresses may give rise to newer ones before the rest is left out."""


@dataclass(slots=True)
class _Postponed:
    """A path that waits for the values of `what`: the operand of its redex at `position`, or a unit of the store."""

    path: Path
    what: Term | Location
    position: int = 0
    done: set[int] = field(default_factory=set)
    begun: bool = False


class Unfolding:
    """One exploration: unfolds the threads of a plan into `builder`. `init` is the id of the initial event."""

    def __init__(self, plan: Plan, confinement: Confinement, solo: int, bounds: Bounds, profile: Profile) -> None:
        self.plan = plan
        self.confinement = confinement
        self.solo = solo  # so many commands of the main thread run before there is anybody else
        self.bounds = bounds
        self.builder = Builder()
        self.oracle = Oracle(plan.store, profile, self.builder)
        self.spin = Spin(bounds.loop)
        self.steps = bounds.steps
        self._end = inf if bounds.seconds is None else perf_counter() + bounds.seconds
        self.init = -1
        self.paths: list[Path] = []
        self.threads: deque[Path] = deque()
        self.joins = handles.Joins()
        self.region_names: dict[Region, str] = {}  # of objects that appear as the program runs
        self.over = killing.symbol(self.builder, profile, plan.store)
        self.hands = any(effect.hands for effect in host_effects(plan.store))  # a thread may be named that runs next
        self.messages = messages.Messages()
        self._postponed: list[_Postponed] = []
        self._held: dict[int, dict[Region, Content]] = {}
        self._local: dict[int, bool] = {}
        self._alone: Path | None = None  # the main thread's path, as long as it is alone

    # --- the work list --------------------------------------------------------------------------
    def run(self) -> None:
        """Unfolds everything."""
        for planned in self.plan.threads:
            self.builder.reserve(planned.name)
        main = self.plan.threads[0]
        thread = self.builder.thread(main.name, None, None, main.types, main.hidden)
        path = self._alone = Path(thread.id, thread.root, main)
        path.held = {region: content(payload) for region, payload in self.plan.store.initial.items()}
        self.paths.append(path)
        rounds = 0
        while True:
            while self.paths or self.threads:
                if self.paths:
                    self._follow(self.paths.pop())
                else:
                    self.paths.append(self.threads.popleft())
            if self._postponed:
                rounds += 1
                self._decide(rounds)
            if not self.paths:
                self.paths = self.spin.resumable()
                if not self.paths:
                    return

    def _follow(self, path: Path) -> None:
        """Unfolds a path until it ends, forks or is postponed."""
        going = True
        while going:
            if perf_counter() > self._end:
                going = self.leaf(path, Status.CUT, f"time limit of {self.bounds.seconds:g} s reached")
                continue
            if path.exposed:
                going = killing.may_be_killed(self, path)
                continue
            self.oracle.ask_for(path)
            going = commands.next_command(self, path) if path.config is None else self._advance(path, path.config)

    def _advance(self, path: Path, config: Configuration) -> bool:
        """Reduces up to the next step that is not pure, and does it. Whether the path goes on."""
        config, stop, used = run_pure(
            config, self.oracle, steps=self.steps, depth=self.bounds.calls, counts=self.builder.rules
        )
        self.steps -= used
        path.config = config
        if stop is Stop.REDEX:
            return self._redex(path, config)
        if stop is Stop.VALUES or stop is Stop.TRAP:
            return commands.command_ended(self, path, config)
        if stop is Stop.CANCELLED:
            self.spin.ended(config)
            return self.leaf(path, Status.CANCELLED)
        if stop is Stop.GLOBAL:
            return suspension.global_step(self, path, config)
        if stop is Stop.LOOP:
            self.spin.enter(path)
            return True
        if stop is Stop.BACK_EDGE:
            return self._back_edge(path)
        if stop is Stop.DEPTH:
            self.spin.ended(config)
            return self.leaf(path, Status.CUT, f"bound of {self.bounds.calls} nested calls reached")
        return self.leaf(path, Status.CUT, f"bound of {self.bounds.steps} steps reached")

    # --- nodes ----------------------------------------------------------------------------------
    def children(self, path: Path, conditions: list[tuple[Term, ...]]) -> list[Path]:
        """Forks a path: one child node for each condition; none where the bound on nodes is reached."""
        self.together(path)
        builder = self.builder
        if len(builder.nodes) + len(conditions) > self.bounds.nodes:
            reason = f"bound of {self.bounds.nodes} path nodes reached"
            if builder.nodes[path.node].children:
                builder.incomplete[reason] = None
            else:
                self.leaf(path, Status.CUT, reason)
            return []
        return [path.fork(builder.node(path.thread, path.node, c).id, c) for c in conditions]

    def schedule(self, paths: list[Path]) -> bool:
        """Puts paths on the work list, the first one next. The path that forked is over."""
        self.paths += reversed(paths)
        return False

    def leaf(self, path: Path, status: Status, reason: str = "", code: Term = 0, ends: bool = False) -> bool:
        """Ends a path, with an END event where a join waits for the thread. `code` is that of an EXIT; `ends`: it ends
        the program though an end of its status does not."""
        self.together(path)
        ends = ends or killing.ends(self.oracle.profile, status)
        if status not in (Status.BLOCKED, Status.CUT):
            turns.end(self, path, Doing.ENDED)
        if status in (Status.DONE, Status.TRAP, Status.CANCELLED) and not ends:
            self.joins.ended(self, path, status)
        registers = {**path.registers, **self.locals(path)}
        if status is Status.EXIT:
            registers[EXIT_CODE] = code
            self.builder.typed(path.thread, EXIT_CODE, I32)
        self.builder.leaf(path.node, status, registers, reason, path.traps, ends, path.touched)
        return False

    def locals(self, path: Path) -> dict[str, Term]:
        """The named locals of the function that the current command invoked, as registers."""
        call, config = path.call, path.config
        if call is None or config is None:
            return {}
        frame = outermost(config)
        if frame.func is None:  # host code: the function is still to come
            return {}
        return {name: frame.locals[index].term for name, index in call.locals}

    # --- the initial store ----------------------------------------------------------------------
    def together(self, path: Path) -> None:
        """Ends the time when the main thread was alone: what it has written so far is the initial store."""
        if self._alone is not path:
            return
        self._alone = None
        actions: list[Action] = []
        unmade = self._unmade(path)
        for region, known in path.held.items():
            if region.of:
                continue
            if self.confinement.constant(region):
                self.oracle.constants[region] = known
            elif (owner := self.confinement.owner(region)) >= 0:
                self._held.setdefault(owner, {})[region] = known
            elif region not in unmade:
                size = self._size(path, region)
                if size:
                    actions.append(Write(Order.INIT, Location(region), size, payload_of(known, size)))
        path.held = self.held_by(0) | {r: known for r, known in path.held.items() if r.of}
        path.owned = set()
        self.oracle.held = path.held
        self.init = self.builder.event(path.thread, path.node, Kind.INIT, tuple(actions), "instantiate-ok")
        turns.first(self, path)

    def _unmade(self, path: Path) -> set[Region]:
        """The regions of instances that are still to be made: their instantiation writes them first."""
        return {
            write.location.region
            for thread in self.plan.threads
            for command in thread.commands[path.position if thread.number == path.thread else 0 :]
            if isinstance(command, Make)
            for write in command.made.writes
        }

    def held_by(self, thread: int) -> dict[Region, Content]:
        """The initial contents that a thread of the given class holds alone."""
        return dict(self._held.get(thread, ()))

    def _size(self, path: Path, region: Region) -> int:
        if region.field is Field.VAL or region.field is Field.LEN:
            return 1
        length = path.held[Region(region.addr, Field.LEN)]
        return length if isinstance(length, int) else 0

    # --- local steps ----------------------------------------------------------------------------
    def _redex(self, path: Path, config: Configuration) -> bool:
        """Does the next step, which has actions or several outcomes."""
        instr = config.redex
        kind = instr.__class__
        if kind in CONCRETE or kind in ALL_CONCRETE:
            operands = redex_operands(config, self.plan.store)
            for position in concrete_positions(instr, len(operands)):
                term = operands[position].term
                if isinstance(term, int):
                    continue
                value = path.value(term)
                if not isinstance(value, int):
                    self.together(path)
                    self._postponed.append(_Postponed(path, term, position))
                    return False
                config = path.config = with_operand(config, self.plan.store, position, value)
        try:
            found = successors(config, self.oracle)
        except Undecided as undecided:
            self._postponed.append(_Postponed(path, undecided.location))
            return False
        return self._branch(path, found)

    @property
    def _full(self) -> bool:
        """Whether the bound on events is reached."""
        return len(self.builder.events) >= self.bounds.events

    def _branch(self, path: Path, found: tuple[Transition, ...]) -> bool:
        """Goes on with each transition that the path's conditions allow. Whether this path itself goes on."""
        if self._full:  # before there are conditions on what an event would have read
            return self.leaf(path, Status.CUT, f"bound of {self.bounds.events} events reached")
        if len(found) == 1 and not found[0].step.condition:
            return self._take(path, found[0])
        allowed = []
        for transition in found:
            condition = tuple(c for c in transition.step.condition if path.value(c) != 1)
            if not any(path.value(c) == 0 for c in condition):
                allowed.append((transition, condition))
        if len(allowed) == 1 and not allowed[0][1]:
            return self._take(path, allowed[0][0])
        made = self.children(path, [condition for _, condition in allowed])
        going = []
        for child, (transition, _) in zip(made, allowed, strict=False):
            self.oracle.held = child.held
            if self._take(child, transition):
                going.append(child)
        return self.schedule(going)

    def _take(self, path: Path, transition: Transition) -> bool:
        """Does a transition: its writes to what the path holds, the event of the rest. Whether the path goes on."""
        rule, step, after, instr, back_edge = transition
        self.steps -= 1
        self.builder.rules[rule] = self.builder.rules.get(rule, 0) + 1
        path.config = after
        if step.condition and self.oracle.choices:
            for sym in sorted(
                self.oracle.choices & frozenset().union(*map(symbols, step.condition)), key=lambda s: s.id
            ):
                self.builder.introduce(sym, Origin.CHOICE)
        actions = step.actions
        if actions:
            self._touch(path, actions, instr)
            actions = self._settle(path, actions)
        then = step.then.__class__
        if actions or then is WaitPrime or then is NotifyPrime or _orders(instr) or _over_at_once(transition):
            self._event(path, transition, actions)
        return back_edge is None or self._back_edge(path)

    def _touch(self, path: Path, actions: tuple[Action, ...], instr: instructions.Instr | None) -> None:
        """Notes the path's first access to each local object (INV-C)."""
        for action in actions:
            region = action.location.region
            address = region.addr
            if action.order is Order.INIT and instr.__class__ is not Instantiate:
                continue  # what comes to life for another thread is that thread's
            known = path.touched.get(address)
            if (known is None or known.text == MADE) and not region.of and self._is_local(address):
                span = instr.span if instr is not None else None
                touch = Touch(mnemonic(instr), span, any(map(writing, actions)))
                path.touched = {**path.touched, address: touch}

    def created(self, path: Path, writes: tuple[Write, ...], span: Span | None) -> None:
        """Notes that the path's thread owns the local objects that it makes."""
        fresh = {w.location.region.addr for w in writes if self._is_local(w.location.region.addr)}
        if fresh:
            path.touched = {**dict.fromkeys(sorted(fresh), Touch(MADE, span, True)), **path.touched}

    def _is_local(self, address: int) -> bool:
        found = self._local.get(address)
        if found is None:
            found = self._local[address] = self.plan.store.is_local(address)
        return found

    def _settle(self, path: Path, actions: tuple[Action, ...]) -> tuple[Action, ...]:
        """Carries out the actions on contents that the path holds; the others, which others may see."""
        held, constants = path.held, self.oracle.constants
        rest = []
        for action in actions:
            region = action.location.region
            if region in held or region.of:
                if writing(action):
                    path.write(action.location, action.size, written(action))
                    path.effects += 1
            elif region not in constants:
                rest.append(action)
        return tuple(rest) if len(rest) < len(actions) else actions

    def _event(self, path: Path, transition: Transition, actions: tuple[Action, ...]) -> None:
        rule, step, _, instr, _ = transition
        builder, then = self.builder, step.then
        span = instr.span if instr is not None else None
        text = mnemonic(instr)
        here = (path.thread, path.node)
        path.visible += 1
        path.exposed |= then.__class__ is NotifyPrime or any(a.__class__ is not Read for a in actions)
        if then.__class__ is WaitPrime:
            fate = builder.symbol(2, "fate")
            path.suspension = builder.event(
                *here, Kind.WAIT, actions, rule, span, text, then.location, fate, notears=step.notears
            )
            builder.introduce(fate, Origin.FATE, path.suspension)
        elif then.__class__ is NotifyPrime:
            count = builder.symbol(32, "count")
            path.suspension = builder.event(
                *here, Kind.NOTIFY, actions, rule, span, text, then.location, None, then.limit, count
            )
            builder.introduce(count, Origin.COUNT, path.suspension)
            path.notifies += (count,)
        else:
            kind = Kind.ACCESS
            if instr.__class__ is Fence:
                kind = Kind.FENCE
            elif instr.__class__ is Instantiate or any(a.order is Order.INIT for a in actions):
                kind = Kind.INIT
            place = _waited_for(step) if _over_at_once(transition) else None
            builder.event(*here, kind, actions, rule, span, text, place, notears=step.notears)
            if turns.idle(self, instr):
                path.yields += (path.visible - 1,)
            elif any(a.__class__ is not Read for a in actions):
                path.effects += 1

    # --- loops ----------------------------------------------------------------------------------
    def _back_edge(self, path: Path) -> bool:
        decision = self.spin.back_edge(path)
        if decision.verdict is Verdict.CUT:
            where = span_of(path.config)
            return self.leaf(path, Status.CUT, f"loop bound {self.bounds.loop} reached{where}")
        if decision.verdict is Verdict.DROP:
            self.together(path)
            return False
        if decision.condition:
            return self.schedule(self.children(path, [decision.condition]))
        return True

    # --- addresses ------------------------------------------------------------------------------
    def _decide(self, rounds: int) -> None:
        """Gives postponed paths a child for every value that has turned up since the last time."""
        builder = self.builder
        loose = [w for p in self._postponed if (w := self._loose(p)) is not None]
        domains = Domains(builder.events, builder.nodes, builder.threads, builder.symbols, self.init, loose=loose)
        last = rounds >= ROUNDS
        for waiting in self._postponed:
            path, what = waiting.path, waiting.what
            if isinstance(what, Location):
                found = domains.at(what, path.thread, path.node)
            else:
                found = domains.of(what, path.conditions)
            new = sorted(found.values - waiting.done)
            if found.open or (new and last):
                self.builder.incomplete[f"not all values of an address are known{span_of(path.config)}"] = None
            first = not waiting.begun
            # rows that do not ask for the value, as a trap out of bounds, are there even where nobody ever writes one
            if (new and not last) or (first and isinstance(what, Location)):
                waiting.begun = True
                waiting.done.update(new)
                self._split(path, waiting, new, first)
        self.paths.reverse()  # paths of the first one next

    def _loose(self, waiting: _Postponed) -> Loose | None:
        """The write of a postponed path, if its value is known before its address."""
        path, config = waiting.path, waiting.path.config
        if config is None or isinstance(waiting.what, Location):
            return None
        values = redex_operands(config, self.plan.store)
        instance, whole = config.frame.instance, True
        match config.redex:
            case instructions.Store(type_, size, memarg, order):
                whole = type_.is_integer and size <= 4
                region, value = Region(instance.mems[memarg.memory], Field.DATA), values[1].term
            case instructions.Rmw(_, "xchg", size, memarg, order):
                region, value = Region(instance.mems[memarg.memory], Field.DATA), values[1].term
            case instructions.Cmpxchg(_, size, memarg, order):
                region, value = Region(instance.mems[memarg.memory], Field.DATA), values[2].term
            case instructions.TableSet(table, order):
                region, value, size = Region(instance.tables[table], Field.ELEM), values[1].term, 1
            case _:
                return None
        if region.field is Field.DATA:
            value = extract(value, 0, 8 * size)
        return Loose(path.thread, path.node, Write(order, Location(region), size, value), whole)

    def _split(self, path: Path, waiting: _Postponed, new: list[int], first: bool) -> None:
        """A child of a postponed path for each of the values `new`."""
        config, what = path.config, waiting.what
        if config is None:
            raise InternalError("a path without a configuration waits for an address")
        if isinstance(what, Location):
            if self._full:
                self.builder.incomplete[f"bound of {self.bounds.events} events reached{span_of(config)}"] = None
                return
            self.oracle.ask_for(path)
            self.oracle.answers = {what: tuple(new)}
            found = successors(config, self.oracle)
            self.oracle.answers = {}
            if not first:
                found = tuple(t for t in found if _asks(t, what))
            made = self.children(path, [t.step.condition for t in found])
            for child, transition in zip(made, found, strict=False):
                self.oracle.held = child.held
                if self._take(child, transition):
                    self.paths.append(child)
            return
        width = 32 if isinstance(what, int) else what.width
        conditions: list[tuple[Term, ...]] = [(apply("eq", 1, what, v, arg_width=width),) for v in new]
        for child, value in zip(self.children(path, conditions), new, strict=False):
            child.facts[what] = value
            child.config = with_operand(config, self.plan.store, waiting.position, value)
            self.paths.append(child)


def _orders(instr: Instr | None) -> bool:
    """Whether an instruction is a fence that orders: an acqrel one does not, as long as no weaker order is atomic."""
    return isinstance(instr, Fence) and instr.order is Order.SEQCST


def _over_at_once(transition: Transition) -> bool:
    """Whether a transition is a wait that found another value: it suspends nobody, but takes its turn in the queue."""
    return transition.instr.__class__ is Wait and bool(transition.step.result)


def _waited_for(step: Step) -> Location:
    """The location that a wait compared."""
    return next(a.location for a in step.actions if a.location.region.field is Field.DATA)


def _asks(transition: Transition, location: Location) -> bool:
    """Whether a transition depends on the value of a unit."""
    values = {read_value(a) for a in transition.step.actions if reading(a) and a.location == location}
    return any(isinstance(c, App) and c.op == "eq" and c.args[0] in values for c in transition.step.condition)


def span_of(config: Configuration | None) -> str:
    """` at FILE:LINE` of the redex, or of the loop that is about to start again (in a binary: its offset); "" where no
    text has it."""
    if config is None:
        return ""
    span: Span | None = None
    if config.pc == 0 and config.label is not None:
        span = config.label.node.span
    elif config.redex is not None:
        span = config.redex.span
    if span is None:
        return ""
    return f" at {span}" if span.source.binary else f" at {span.source.name}:{span.line}"
