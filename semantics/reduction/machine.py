"""Decomposition into evaluation context and redex, and the steps that the rules allow there.

The only module that knows contexts: rules see a redex with its operands. `successors` is the local relation of
Figs. 4-10 on one thread; `run_pure` follows it as long as it is deterministic and carries no action.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from enum import Enum
from typing import Any

from semantics.diagnostics import StuckConfiguration
from semantics.reduction.fig07_functions import body_frame
from semantics.reduction.operands import COUNT, concrete_positions, operand_count
from semantics.reduction.registry import Oracle
from semantics.reduction.rules import REDEXES
from semantics.runtime.configuration import (
    Activate,
    Activation,
    AwaitPrime,
    Break,
    CallPrime,
    Cancelled,
    Configuration,
    Enter,
    ExitPrime,
    Finish,
    ForkPrime,
    Frame,
    JoinPrime,
    Label,
    Leave,
    NotifyPrime,
    Step,
    TakeTurn,
    Transition,
    Trap,
    Value,
    WaitPrime,
)
from semantics.runtime.store import ModuleInst, Store
from semantics.syntax.instructions import Expr, Loop, Node
from semantics.terms import Term


class Stop(Enum):
    """Why `run_pure` came back."""

    VALUES = "values"  # terminated: `operands` are the results
    TRAP = "trap"  # terminated: `pending` is the Trap
    REDEX = "redex"  # the next step carries actions or forks: ask `successors`
    CANCELLED = "cancelled"  # terminated: the thread was asked to end
    GLOBAL = "global"  # fork', exit', wait', notify', join', await' or take' is pending: Fig. 11, then `resume`
    BACK_EDGE = "back edge"  # a branch restarted a loop: `label.node` is the loop
    LOOP = "loop"  # a loop was entered: `label.node` is the loop
    DEPTH = "depth"  # call' is pending and would exceed the depth that was allowed
    LIMIT = "limit"  # the number of steps that was allowed is used up


_PURE = frozenset(kind for kind, rules in REDEXES.items() if all(rule.pure for rule in rules))
_GLOBAL = frozenset((ForkPrime, ExitPrime, WaitPrime, NotifyPrime, JoinPrime, AwaitPrime, TakeTurn))
_TERMINAL: dict[type, Stop] = {Trap: Stop.TRAP, Cancelled: Stop.CANCELLED}


def start(store: Store, func: int, arguments: Sequence[Value] = ()) -> Configuration:
    """The configuration of a thread that runs v* (call' func): the body's frame is the outermost, so that the
    locals can be read when the thread has ended."""
    found = store.func(func)
    return Configuration(found.code.body, 0, (), None, body_frame(found, tuple(arguments)), None)


def evaluating(instance: ModuleInst, code: Expr) -> Configuration:
    """The configuration f; e* with f = {module instance, local eps}: constant expressions, instantiation."""
    return Configuration(code, 0, (), None, Frame(instance, ()), None)


def resume(config: Configuration, *values: Value) -> Configuration:
    """E[v*] for E[e] with an administrative instruction e in the hole."""
    code, pc, operands, label, frame, caller, depth, _ = config
    return Configuration(code, pc, operands + values, label, frame, caller, depth)


def redex_operands(config: Configuration, store: Store) -> tuple[Value, ...]:
    """The operands of the redex, deepest first."""
    instr = config.redex if config.pending is None else config.pending
    count = operand_count(instr, config.frame, store)
    return config.operands[len(config.operands) - count :]


def symbolic_operands(config: Configuration, store: Store) -> tuple[int, ...]:
    """Which operands of the redex must be concrete and are not: positions, to be bound with `with_operand`."""
    instr = config.redex
    if instr is None:
        return ()
    operands = redex_operands(config, store)
    wanted = concrete_positions(instr, len(operands))
    return tuple(i for i in wanted if not isinstance(operands[i].term, int))


def with_operand(config: Configuration, store: Store, position: int, term: Term) -> Configuration:
    """The configuration where one operand of the redex is known to be `term`."""
    at = len(config.operands) - len(redex_operands(config, store)) + position
    old = config.operands[at]
    return config._replace(operands=(*config.operands[:at], Value(old.type, term), *config.operands[at + 1 :]))


def successors(config: Configuration, oracle: Oracle) -> tuple[Transition, ...]:
    """All steps of the local relation from `config`, refuted ones (a condition is 0) left out.

    A terminated configuration, and one whose redex is for Fig. 11, has none. Operands listed in CONCRETE must be
    concrete. Raises StuckConfiguration where no row matches.
    """
    config = close(config)
    redex = config.redex if config.pending is None else config.pending
    if redex is None or redex.__class__ in _TERMINAL or redex.__class__ in _GLOBAL:
        return ()
    found = _steps(config, redex, oracle)
    if not found:
        raise _stuck(redex, redex_operands(config, oracle.store))
    return found


def interrupted(config: Configuration, oracle: Oracle) -> tuple[Transition, ...]:
    """The steps by which a suspended thread goes on, as far as the rules of a design say: wait' is also for Fig. 11."""
    return () if config.pending is None else _steps(config, config.pending, oracle)


def _steps(config: Configuration, redex: Any, oracle: Oracle) -> tuple[Transition, ...]:
    count = operand_count(redex, config.frame, oracle.store)
    operands = config.operands[len(config.operands) - count :]
    found: list[Transition] = []
    instr: Any = redex if isinstance(redex, Node) else None
    for rule in REDEXES.get(redex.__class__, ()):
        outcome = rule.function(config.frame, operands, redex, oracle)
        if outcome is None:
            continue
        for step in (outcome,) if isinstance(outcome, Step) else outcome:
            if 0 in step.condition:
                continue
            if 1 in step.condition:
                step = step._replace(condition=tuple(c for c in step.condition if c != 1))
            after, back_edge = _plug(config, count, step, oracle.store)
            found.append(Transition(rule.name, step, after, instr, back_edge))
    return tuple(found)


def run_pure(
    config: Configuration,
    oracle: Oracle,
    *,
    steps: int = 1_000_000,
    depth: int = 1_000_000,
    counts: MutableMapping[str, int] | None = None,
) -> tuple[Configuration, Stop, int]:
    """Follows `config` while its next step is the only one and carries no action, for at most `steps` steps and
    `depth` nested calls. Returns where it got to, why it stopped, and how many steps it took; `counts` counts the
    rules that fired."""
    store = oracle.store
    left = steps
    while True:
        code, pc, values, label, frame, caller, level, pending = config
        redex: Any
        if pending is not None:
            redex = pending
            kind = redex.__class__
            if kind in _TERMINAL:
                return config, _TERMINAL[kind], steps - left
            if kind in _GLOBAL:
                return config, Stop.GLOBAL, steps - left
            if kind is CallPrime and level >= depth:
                return config, Stop.DEPTH, steps - left
        elif pc < len(code):
            redex = code[pc]
            kind = redex.__class__
        elif label is None and caller is None:
            return config, Stop.VALUES, steps - left
        else:
            config = close(config)
            continue
        if kind not in _PURE:
            return config, Stop.REDEX, steps - left
        if left <= 0:
            return config, Stop.LIMIT, steps - left
        found = COUNT.get(kind)
        count = operand_count(redex, frame, store) if found is None else found
        operands = values[len(values) - count :]
        for rule in REDEXES[kind]:
            outcome = rule.function(frame, operands, redex, oracle)
            if outcome is None:
                continue
            if not isinstance(outcome, Step) or (outcome.condition and any(c != 1 for c in outcome.condition)):
                return config, Stop.REDEX, steps - left
            break
        else:
            raise _stuck(redex, operands)
        left -= 1
        if counts is not None:
            counts[rule.name] = counts.get(rule.name, 0) + 1
        if outcome.then is None:
            kept = values[: len(values) - count] + outcome.result
            config = Configuration(code, pc + 1, kept, label, outcome.frame or frame, caller, level)
            continue
        config, back_edge = _plug(config, count, outcome, store)
        if back_edge is not None:
            return config, Stop.BACK_EDGE, steps - left
        if kind is Loop:
            return config, Stop.LOOP, steps - left


def close(config: Configuration) -> Configuration:
    """Leaves the blocks and bodies whose code is at its end: rules label-ok and frame-ok."""
    while config.pending is None and config.pc >= len(config.code):
        label, caller, operands = config.label, config.caller, config.operands
        if label is not None:  # label_n{e*} v* end --> v*
            config = Configuration(
                label.code, label.pc, label.operands + operands, label.outer, config.frame, caller, config.depth
            )
        elif caller is not None:  # frame_n{f} v^n end --> v^n
            config = _left(config, operands)
        else:
            break
    return config


def _left(config: Configuration, results: tuple[Value, ...]) -> Configuration:
    """The configuration after the innermost frame was left with `results`."""
    caller = config.caller
    if caller is None:  # outermost: stay in the frame, at the end of its code
        return Configuration(config.code, len(config.code), results, None, config.frame, None, config.depth)
    code, pc, operands, label, frame, outer = caller
    return Configuration(code, pc, operands + results, label, frame, outer, config.depth - 1)


def _plug(config: Configuration, count: int, step: Step, store: Store) -> tuple[Configuration, Loop | None]:
    """E[result then] for E[redex], with the administrative instructions that concern contexts carried out; and the
    loop that was restarted, if one was."""
    code, pc, values, label, frame, caller, depth, pending = config
    if pending is None:
        pc += 1
    operands = values[: len(values) - count] + step.result
    frame = step.frame or frame
    then = step.then
    if then is None:
        return Configuration(code, pc, operands, label, frame, caller, depth), None
    if isinstance(then, Enter):
        node, body, arity, inputs = then
        split = len(operands) - inputs
        inner = Label(node, arity, code, pc, operands[:split], label)
        return Configuration(body, 0, operands[split:], inner, frame, caller, depth), None
    if isinstance(then, Break):
        for _ in range(then.label):
            if label is None:
                break
            label = label.outer
        if label is not None:
            taken = operands[len(operands) - label.arity :]
            if isinstance(label.node, Loop):
                return Configuration(label.node.body, 0, taken, label, frame, caller, depth), label.node
            kept = label.operands + taken
            return Configuration(label.code, label.pc, kept, label.outer, frame, caller, depth), None
        then = Leave()  # the outermost label is that of the function's body
    if isinstance(then, Leave):
        arity = len(frame.func.type.results) if frame.func is not None else 0
        here = Configuration(code, pc, operands, None, frame, caller, depth)
        return _left(here, operands[len(operands) - arity :]), None
    if isinstance(then, Finish):
        while caller is not None:
            frame, caller = caller.frame, caller.outer
        return Configuration((), 0, step.result, None, frame, None), None
    if isinstance(then, Activate):
        if frame.func is None and label is None and caller is None and not operands and pc >= len(code):
            # the last thing that host code does: what runs is the thread's outermost frame, whose locals are shown
            return Configuration(then.code, 0, (), None, then.frame, None, depth), None
        outer = Activation(code, pc, operands, label, frame, caller)
        return Configuration(then.code, 0, (), None, then.frame, outer, depth + 1), None
    return Configuration(code, pc, operands, label, frame, caller, depth, then), None


def _stuck(redex: object, operands: tuple[Value, ...]) -> StuckConfiguration:
    words = " ".join(str(v.term) for v in operands)
    return StuckConfiguration(
        f"no reduction rule matches {words} ({redex.__class__.__name__})",
        redex.span if isinstance(redex, Node) else None,
    )
