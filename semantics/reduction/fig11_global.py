"""Fig. 11: global reduction. What each row adds to the event structure of a program.

The rows relate threads, so they are not local rules: an unfolding asks them what an administrative instruction turns
into, and draws the edges that their premises on happens-before demand (D21).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from semantics.reduction.registry import global_rule
from semantics.runtime.configuration import ForkPrime, NotifyPrime, Step, Value, WaitPrime
from semantics.syntax.types import I32
from semantics.terms import Term, apply

Marker = Literal["access", "wait", "notify", "spawn", "woken", "timeout"]
"""Kinds of event (semantics.execution.structure.Kind, by value)."""

WOKEN = 0
TIMEOUT = 2


class GlobalStep(NamedTuple):
    """What a row does: the kind of event that stands for it, the values that replace the administrative instruction
    in the thread, and a side condition (width 1)."""

    marker: Marker
    result: tuple[Value, ...] = ()
    condition: Term = 1


@global_rule("step-ok", row=1, page=13, instr=Step)
def step_ok(step: Step) -> GlobalStep | None:
    """s; (e*)_h p*  -->(act*)_h'  s + s'; (e'*)_h' p*

    if s; f; e* -->act* s + s'; f; e'* and h <hb h' and create(addr(act)) <hb h' for addresses in s (D1)
    An event with the step's actions, po-after the thread's last one; a step without actions has none, unless it
    suspends or notifies: those events are what the other rows hang on.
    """
    if isinstance(step.then, WaitPrime):
        return GlobalStep("wait")
    if isinstance(step.then, NotifyPrime):
        return GlobalStep("notify")
    return GlobalStep("access") if step.actions else None


@global_rule("spawn-ok", row=2, page=13, instr=ForkPrime)
def spawn_ok(fork: ForkPrime) -> GlobalStep:
    """s; (E[fork' e*])_h p*  -->  s; (E[eps])_h' (e*)_h' p*  if h <hb h'  [s' in print, D2]

    A spawn marker; the child's start is happens-after it, and nothing else orders parent and child. Designs that give
    the parent a result: (E[spawn' e* r])_h becomes (E[r])_h' (systems.md B.0, SPAWN).
    """
    return GlobalStep("spawn", fork.result)


@global_rule("wake-ok", row=3, page=13, instr=WaitPrime)
def wake_ok(wait: WaitPrime) -> GlobalStep:
    """s; (E[wait' l q])_h (E'[notify' l n m])_h' p*  -->  s; (E[i32.const 0])_h' (E'[notify' l n+1 m])_h' p*

    if n < m and h <hb h'
    A woken marker; edges from the wait to the notify and from the notify to the marker.
    """
    return GlobalStep("woken", (Value(I32, WOKEN),))


@global_rule("notified-ok", row=4, page=13, instr=NotifyPrime)
def notified_ok(notify: NotifyPrime, count: Term) -> GlobalStep:
    """s; (E[notify' l n m])_h p*  -->  s; (E[i32.const n])_h p*

    if n = m, or no (E'[wait' l q])_h' in p* has h' <hb h
    `count` is n, at most m; that no earlier waiter is left is vacuous under the least hb.
    """
    limited = apply("le_u", 1, count, notify.limit, arg_width=32)
    return GlobalStep("notify", (Value(I32, count),), limited)


@global_rule("timeout-ok", row=5, page=13, instr=WaitPrime)
def timeout_ok(wait: WaitPrime) -> GlobalStep | None:
    """s; (E[wait' l q])_h p*  -->  s; (E[i32.const 2])_h' p*  if signed(q) >= 0 and h <hb h'

    A timeout marker, if the timeout may be finite.
    """
    finite = apply("ge_s", 1, wait.timeout, 0, arg_width=64)
    return None if finite == 0 else GlobalStep("timeout", (Value(I32, TIMEOUT),), finite)
