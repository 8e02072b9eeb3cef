"""Fig. 11: what its rows contribute to an event structure."""

from __future__ import annotations

from semantics.execution.structure import Fate, Kind
from semantics.reduction.fig11_global import GlobalStep, notified_ok, spawn_ok, step_ok, timeout_ok, wake_ok
from semantics.runtime.actions import Read
from semantics.runtime.configuration import ForkPrime, NotifyPrime, Step, WaitPrime
from semantics.syntax.types import I64, Order
from semantics.terms import Sym, apply
from tests.semantics.reduction.worlds import F_THREAD, data, i32, length

Q, N = Sym(1, 64), Sym(2, 32)
WAIT, NOTIFY = WaitPrime(data(4), Q), NotifyPrime(data(4), 0, 3)


def test_local_steps_are_events_if_they_act_or_suspend() -> None:
    action = Read(Order.UNORD, length(), 1, 0)
    assert step_ok(Step()) is None
    assert step_ok(Step((), None, (action,))) == GlobalStep("access")
    assert step_ok(Step((), WAIT, (action,))) == GlobalStep("wait")
    assert step_ok(Step((), NOTIFY)) == GlobalStep("notify")


def test_fork_leaves_nothing_in_the_parent() -> None:
    assert spawn_ok(ForkPrime(F_THREAD, (i32(1),))) == GlobalStep("spawn")


def test_a_suspended_thread_is_woken_with_0() -> None:
    assert wake_ok(WAIT) == GlobalStep("woken", (i32(Fate.WOKEN.value),))


def test_only_a_finite_timeout_ends_a_suspension() -> None:
    result = (i32(Fate.TIMEOUT.value),)
    assert timeout_ok(WAIT) == GlobalStep("timeout", result, apply("ge_s", 1, Q, 0, arg_width=I64.bits))
    assert timeout_ok(WaitPrime(data(4), 5)) == GlobalStep("timeout", result)
    assert timeout_ok(WaitPrime(data(4), 2**64 - 1)) is None


def test_notify_ends_with_the_number_woken() -> None:
    assert notified_ok(NOTIFY, N) == GlobalStep("notify", (i32(N),), apply("le_u", 1, N, 3, arg_width=32))
    assert notified_ok(NOTIFY, 4).condition == 0


def test_markers_are_kinds_of_event() -> None:
    assert {"access", "wait", "notify", "spawn", "woken", "timeout"} <= {kind.value for kind in Kind}
