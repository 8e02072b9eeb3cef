"""P7: fork returning a thread handle (systems.md B.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.axioms.candidates import ill_formed
from semantics.execution.outcomes import HasStatus
from semantics.execution.structure import Kind, Status
from semantics.exploration.program import Bounds
from semantics.profiles.fork import FORK
from semantics.profiles.handle import (
    CANCELLED,
    DONE,
    HANDLE,
    HANDLE_UNTYPED,
    RUN,
    TRAPPED,
    ForkH,
    ThreadJoin,
    ThreadPollCancel,
    await_ok,
    await_timeout_ok,
    cancel_of,
    cancelled_ok,
    ended,
    fork_h_ok,
    join_fail,
    join_ok,
    new_handle,
    state_of,
    thread_handle_null,
    thread_join_ok,
    thread_poll_cancel_ok,
)
from semantics.reduction.access import value_of
from semantics.reduction.fig22_instantiation import instantiate
from semantics.reduction.run import SequentialStore
from semantics.runtime.actions import Location, Read, Rmw, Write
from semantics.runtime.configuration import AwaitPrime, Cancelled, ForkPrime, Frame, JoinPrime, Step, Trap, Value
from semantics.runtime.profile import Profile
from semantics.runtime.store import ModuleInst
from semantics.solver import Problem, Reachable
from semantics.syntax.types import I32, I64, FuncType, Order, Share, threadref
from tests.semantics.profiles.worked import (
    MEM,
    brute_outcomes,
    inexpressible,
    model,
    outcomes,
    read,
    refused,
    structure_of,
    valid,
)

UNORD = replace(HANDLE, handle_order="unord")
HD = "(shared threadref)"
HD_I32 = "(ref null (shared (thread i32)))"
STORE = "(func $f shared (i32.store (i32.const 0) (i32.const 1)))"
WAITER = (
    "(func $f shared (local $w i32) (local.set $w (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"
)
FORK_F = "(local.set 0 (fork_h $f))"
JOIN = "(thread.join (local.get 0))"
CANCEL = "(thread.cancel (local.get 0))"


def main(*body: str, locals: str = "(local $r i32)") -> str:
    """The exported function T0, with a handle as local 0."""
    return f'(func (export "T0") (local {HD}) {locals} {" ".join(body)})'


# --- types ----------------------------------------------------------------------------------------
def test_typing_accepts() -> None:
    valid(HANDLE, "(func $f shared (param i64) (result i32 i64) i32.const 1 i64.const 2)",
          "(func (result i32 i64) (thread.join (fork_h $f (i64.const 0))))")  # fmt: skip
    valid(
        HANDLE,
        MEM,
        STORE,
        main("(drop (thread.await (fork_h $f) (i64.const -1)))", CANCEL, "(thread.detach (fork_h $f))"),
    )
    valid(HANDLE, "(func shared (result i32) (thread.poll_cancel))")
    valid(HANDLE, f"(global shared (mut {HD_I32}) (ref.null (shared (thread i32))))", f"(table shared 1 {HD})")
    valid(HANDLE, "(func (result i32 i64) unreachable (thread.join))")  # of any results, in code that is not reached
    valid(HANDLE, "(func (param threadref) (thread.join (local.get 0)))")


def test_threadref_without_results() -> None:
    """The untyped variant: what the thread gives is its status."""
    body = main("(drop (thread.await (fork_h $f) (i64.const -1)))", FORK_F, JOIN, CANCEL, "(thread.detach (fork_h $f))")
    valid(HANDLE_UNTYPED, MEM, STORE, body)
    valid(
        HANDLE_UNTYPED,
        f"(global shared (mut {HD}) (ref.null (shared thread)))",
        "(func (thread.join (ref.null thread)))",
    )
    result = "(func $f shared (result i32) i32.const 1)"
    forks = "(func (drop (fork_h $f)))"
    valid(HANDLE, result, forks)
    refused(HANDLE_UNTYPED, "fork_h", "needs a function without results: function $f has the type", result, forks)
    for field in (f"(func (param {HD_I32}))", f"(table shared 1 {HD_I32})", "(func (drop (ref.null (thread i32))))"):
        valid(HANDLE, field)
        inexpressible(HANDLE_UNTYPED, "results of threads", field)


L10 = (MEM, STORE, main(FORK_F, JOIN, "(local.set $r (i32.load (i32.const 0)))"))
L8 = ("(func $f shared unreachable)", main(FORK_F, "(local.set $r (i32.const 5))", JOIN))
STATUS = (
    "(func $f shared unreachable) (func $g shared)",
    main(
        "(local.set $r (thread.await (fork_h $f) (i64.const -1)))",
        "(local.set $s (thread.await (fork_h $g) (i64.const -1)))",
        locals="(local $r i32) (local $s i32)",
    ),
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (L10, {"r=1 T0=done f=done"}),
        (L8, {"r=5 T0=trap f=trap"}),
        (STATUS, {"r=1 s=0 T0=done f=trap g=done"}),
    ],
    ids=["L10", "L8", "status"],
)
def test_untyped_handles_join_as_typed_ones(fields: tuple[str, ...], expected: set[str]) -> None:
    assert outcomes(HANDLE_UNTYPED, *fields) == outcomes(HANDLE, *fields) == expected


def test_typing_refuses() -> None:
    local = "(func $g (result i32) i32.const 1)"
    refused(
        HANDLE, "fork_h", "fork_h needs a shared function: function $g is local", local, "(func (drop (fork_h $g)))"
    )
    shared = "(func $f shared (result i32) i32.const 1)"
    refused(HANDLE, "T30", "type mismatch", shared, f"(func (result {HD}) (fork_h $f))")
    refused(HANDLE, "T30", "type mismatch", shared, "(func (result i64) (thread.join (fork_h $f)))")
    refused(HANDLE, "thread.join", "takes a thread handle, found i32", "(func (thread.join (i32.const 0)))")
    refused(
        HANDLE, "thread.await", "type mismatch", MEM, STORE, "(func (drop (thread.await (fork_h $f) (i32.const 0))))"
    )
    refused(HANDLE, "T6", "may not return a local funcref", "(func $f shared (result funcref) unreachable)")
    refused(HANDLE, "T7", "may not hold a local threadref", "(global shared threadref (ref.null thread))")
    refused(
        HANDLE,
        "reftype",
        "may not have the result local funcref",
        "(func (param (ref null (shared (thread funcref)))))",
    )


@pytest.mark.parametrize("instr", ["fork_h 0", "thread.poll_cancel", "thread.join", "thread.cancel", "thread.detach"])
def test_other_designs_refuse(instr: str) -> None:
    inexpressible(FORK, "thread handles", f"(func $f shared unreachable ({instr}))")


# --- rules ----------------------------------------------------------------------------------------
class Known(SequentialStore):
    """A store where every read of a state yields what the test says."""

    def __init__(self, profile: Profile = HANDLE, **regions: int) -> None:
        super().__init__(profile)
        self.known = regions

    def read(self, location: Location, size: int, width: int) -> int:
        return self.known[location.region.field.value]


FRAME = Frame(ModuleInst(), ())


def handle_of(oracle: SequentialStore, *results: object) -> int:
    return new_handle(oracle, FuncType(Share.SHARED, (), tuple(results)), None)[0]  # type: ignore[arg-type]


def test_fork_h_makes_a_handle() -> None:
    """H1: (wr st run)(wr cn 0), and the parent gets it."""
    oracle = Known()
    made = instantiate(oracle.store, read("(func $f shared (param i32) (result i64) i64.const 0)"), ()).instance
    step = fork_h_ok(Frame(made, ()), (Value(I32, 7),), ForkH(0), oracle)
    assert isinstance(step.then, ForkPrime) and step.then.ending is not None
    handle = step.then.ending.handle
    assert step.actions == (Write(Order.INIT, state_of(handle), 1, RUN), Write(Order.INIT, cancel_of(handle), 1, 0))
    assert (step.then.func, step.then.arguments) == (made.funcs[0], (Value(I32, 7),))
    assert step.then.result == (Value(threadref((I64,)), handle),)
    assert [oracle.store.global_(a).type.type for a in oracle.store.handle(handle).results] == [I64]


@pytest.mark.parametrize(("how", "state"), [("done", DONE), ("trap", TRAPPED), ("cancelled", CANCELLED)])
def test_an_end_is_an_rmw(how: str, state: int) -> None:
    """H2 (DEC 17): at most one action for each region."""
    oracle = Known(st=RUN)
    handle = handle_of(oracle, I32, I64)
    results = (Value(I32, 4), Value(I64, 5)) if how == "done" else ()
    first, second = oracle.store.handle(handle).results
    written = (Write(Order.UNORD, value_of(first), 1, 4), Write(Order.UNORD, value_of(second), 1, 5))
    actions = ended(handle).actions(oracle, how, results)
    assert actions == (Rmw(state_of(handle), 1, RUN, state), *(written if how == "done" else ()))
    assert len({a.location.region for a in actions}) == len(actions)
    oracle.profile = UNORD
    assert ended(handle).actions(oracle, how, ()) == (Write(Order.UNORD, state_of(handle), 1, state),)


@pytest.mark.parametrize(("state", "fires"), [(RUN, ""), (DONE, "ok"), (TRAPPED, "trapped"), (CANCELLED, "cancelled")])
def test_join_steps_only_from_an_end(state: int, fires: str) -> None:
    oracle = Known(st=state, val=42)
    handle = handle_of(oracle, I32)
    pending = JoinPrime(handle, (I32,))
    assert thread_join_ok(FRAME, (Value(threadref((I32,)), handle),), ThreadJoin(), oracle) == Step((), pending)
    done = join_ok(FRAME, (), pending, oracle)
    assert done.actions == (
        Read(Order.SEQCST, state_of(handle), 1, state),
        Read(Order.UNORD, value_of(oracle.store.handle(handle).results[0]), 1, 42),
    )
    assert done.result == (Value(I32, 42),)
    failed = join_fail(FRAME, (), pending, oracle)
    assert done.condition == (int(fires == "ok"),)
    assert [s.condition for s in failed] == [(int(fires == "trapped"),), (int(fires == "cancelled"),)]
    assert all(isinstance(s.then, Trap) and len(s.actions) == 1 for s in failed)
    waited = await_ok(FRAME, (), AwaitPrime(handle, 0), oracle)
    assert waited.condition == (int(bool(fires)),)
    if fires:
        assert waited.result == (Value(I32, {"ok": 0, "trapped": 1, "cancelled": 3}[fires]),)
    oracle.profile = UNORD
    assert join_ok(FRAME, (), pending, oracle).actions[0].order is Order.UNORD


def test_await_with_a_timeout() -> None:
    for timeout, possible in ((0, 1), (5, 1), (2**64 - 1, 0)):
        step = await_timeout_ok(FRAME, (), AwaitPrime(1, timeout), Known())
        assert (step.result, step.actions, step.condition) == ((Value(I32, 2),), (), (possible,))


def test_cancellation_is_asked_of_the_own_handle() -> None:
    oracle = Known(cn=1)
    assert cancelled_ok(FRAME, (), JoinPrime(1, ()), oracle) is None
    assert thread_poll_cancel_ok(FRAME, (), ThreadPollCancel(), oracle) == Step((Value(I32, 0),))
    oracle.handle = handle_of(oracle)
    asked = Read(Order.SEQCST, cancel_of(oracle.handle), 1, 1)
    assert cancelled_ok(FRAME, (), JoinPrime(1, ()), oracle) == Step((), Cancelled(), (asked,), (1,))
    assert thread_poll_cancel_ok(FRAME, (), ThreadPollCancel(), oracle) == Step((Value(I32, 1),), None, (asked,))


def test_null_handles_trap() -> None:
    step = thread_handle_null(FRAME, (Value(threadref(()), 0),), ThreadJoin(), Known())
    assert step == Step((), Trap("null thread handle"))
    for instr in ("thread.join", "thread.cancel", "thread.detach", "(i64.const 0) thread.await drop"):
        assert outcomes(HANDLE, f'(func (export "T0") (ref.null (shared thread)) {instr})') == {"T0=trap"}


# --- outcomes -------------------------------------------------------------------------------------
READ_X = "(local.set $r (i32.load (i32.const 0)))"
P7A = (MEM, STORE, main(FORK_F, JOIN, READ_X))


def test_7a_a_join_synchronises() -> None:
    """L10: r = 1 only; with unord accesses to the state the join gives no order (DEC 17)."""
    assert outcomes(HANDLE, *P7A) == {"r=1 T0=done f=done"}
    assert outcomes(UNORD, *P7A) == {"r=0 T0=done f=done", "r=1 T0=done f=done"}


def test_a_witness_knows_that_who_was_joined_has_ended() -> None:
    """In one of two ways, where no condition asks whether it has: nobody is left waiting."""
    two_ends = "(func $f shared (drop (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))"
    race = main(FORK_F, "(i32.store (i32.const 0) (i32.const 2))", JOIN)
    problem = Problem(structure_of(HANDLE, MEM, two_ends, race), model(HANDLE.model))
    answer = problem.reach(HasStatus("f", Status.DONE))
    assert isinstance(answer, Reachable)
    assert ill_formed(answer.execution, waiting=problem.model.waiting) == []


def test_7b_a_trap_is_the_joiners() -> None:
    """L8 and a join. Polyfilled by a flag that the child sets at its end, the joiner is stuck."""
    trapping = "(func $f shared unreachable)"
    joined = main(FORK_F, "(local.set $r (i32.const 5))", JOIN)
    assert outcomes(HANDLE, trapping, joined) == {"r=5 T0=trap f=trap"}
    polyfill = main(
        FORK_F,
        "(local.set $r (i32.const 5))",
        "(drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))",
    )
    assert outcomes(HANDLE, MEM, trapping, polyfill) == {"r=5 T0=blocked f=trap"}


def test_7c_cancellation_ends_a_waiter() -> None:
    assert outcomes(HANDLE, MEM, WAITER, main(FORK_F, CANCEL, JOIN), show="T0 f") == {"T0=trap f=cancelled"}
    assert outcomes(HANDLE, MEM, WAITER, main(FORK_F, JOIN), show="T0 f") == {"T0=blocked f=blocked"}


def test_7d_two_joiners_get_the_same_result() -> None:
    answer = "(func $f shared (result i32) i32.const 42)"
    second = f"(func $j shared (param $k {HD_I32}) (local $s i32) (local.set $s (thread.join (local.get $k))))"
    body = (f'(func (export "T0") (local {HD_I32}) (local $r i32) {FORK_F} (drop (fork_h $j (local.get 0)))',
            f"(local.set $r {JOIN}))")  # fmt: skip
    assert outcomes(HANDLE, answer, second, *body, show="r s T0 f j") == {"r=42 s=42 T0=done f=done j=done"}
    twice = main(f"(drop {JOIN}) (local.set $r {JOIN})").replace(HD, HD_I32).replace("(drop", f"{FORK_F} (drop", 1)
    assert outcomes(HANDLE, answer, twice) == {"r=42 T0=done f=done"}


def test_every_result_comes_back() -> None:
    pair = "(func $f shared (param i32) (result i32 i64) (local.get 0) (i64.const 9))"
    join = "(thread.join (fork_h $f (i32.const 3))) local.set $b local.set $a"
    body = f'(func (export "T0") (local $a i32) (local $b i64) {join})'
    assert outcomes(HANDLE, pair, body) == {"a=3 b=9 T0=done f=done"}


SELF = f"""(table $t shared 1 {HD})
  (func $f shared
    (block $go (loop $again (br_if $go (i32.eqz (ref.is_null (table.get.seqcst $t (i32.const 0))))) (br $again)))
    (thread.join (table.get.seqcst $t (i32.const 0))))"""


def test_a_self_join_is_stuck() -> None:
    body = '(func (export "T0") (table.set.seqcst $t (i32.const 0) (fork_h $f)))'
    assert outcomes(HANDLE, SELF, body) == {"T0=done f=blocked"}


def test_a_cycle_of_joins_is_stuck_until_somebody_is_cancelled() -> None:
    """Two threads that join each other."""
    table = f"(table $t shared 2 {HD})"
    other = "(table.get.seqcst $t (i32.const {1}))"
    ready = f"(block $go (loop $again (br_if $go (i32.eqz (ref.is_null {other}))) (br $again)))"
    func = f"(func ${{0}} shared {ready} (thread.join {other}))"
    threads = (table, func.format("f", 1), func.format("g", 0))
    start = "(table.set.seqcst $t (i32.const 0) (fork_h $f)) (table.set.seqcst $t (i32.const 1) (fork_h $g))"
    assert outcomes(HANDLE, *threads, f'(func (export "T0") {start})') == {"T0=done f=blocked g=blocked"}
    cancel = "(thread.cancel (table.get.seqcst $t (i32.const 0)))"
    found = outcomes(HANDLE, *threads, f'(func (export "T0") {start} {cancel})')
    assert found == {"T0=done f=cancelled g=trap"}


def test_a_request_comes_before_or_after_a_notify() -> None:
    """A waiter that is asked to end and notified: it may go either way, and never waits on."""
    notify = '(func (export "T1") (local $n i32) (local.set $n (memory.atomic.notify (i32.const 0) (i32.const 1))))'
    found = outcomes(HANDLE, MEM, WAITER, notify, main(FORK_F, CANCEL), threads=("T0", "T1"), show="w n f")
    assert found == {"n=0 w=0 f=cancelled", "n=1 w=0 f=done"}


def test_a_cancelled_waiter_leaves_its_queue() -> None:
    """Two waiters, the older one cancelled and joined: the notify that comes then wakes the younger one."""
    found = outcomes(
        HANDLE,
        MEM,
        "(func $f shared (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))",
        main(
            FORK_F,
            CANCEL,
            "(drop (thread.await (local.get 0) (i64.const -1)))",
            "(local.set $r (memory.atomic.notify (i32.const 0) (i32.const 1)))",
        ),
        show="r f",
    )
    assert found == {"r=0 f=cancelled"}


@pytest.mark.parametrize(("body", "code"), [("", 0), ("unreachable", 1), (WAITER[16:-1], 3)])
def test_await_tells_how_a_thread_ended(body: str, code: int) -> None:
    ask = CANCEL if code == 3 else ""
    for timeout, late in ((-1, set()), (0, {"r=2"})):
        awaiting = f"(local.set $r (thread.await (local.get 0) (i64.const {timeout})))"
        found = outcomes(HANDLE, MEM, f"(func $f shared {body})", main(FORK_F, ask, awaiting), show="r")
        assert found == {f"r={code}"} | late


def test_a_timeout_orders_nothing_and_an_end_does() -> None:
    awaited = main(FORK_F, "(local.set $a (thread.await (local.get 0) (i64.const 10)))", READ_X,
                   locals="(local $a i32) (local $r i32)")  # fmt: skip
    assert outcomes(HANDLE, MEM, STORE, awaited, show="a r") == {"a=0 r=1", "a=2 r=0", "a=2 r=1"}


def test_poll_cancel_reads_the_request() -> None:
    """It is delivered with happens-before, and ends nothing."""
    poll = """(func $f shared (local $p i32) (local $x i32)
      (local.set $p (thread.poll_cancel)) (local.set $x (i32.load (i32.const 0))))"""
    found = outcomes(HANDLE, MEM, poll, main(FORK_F, "(i32.store (i32.const 0) (i32.const 1))", CANCEL), show="p x f")
    assert found == {"p=0 x=0 f=done", "p=0 x=1 f=done", "p=1 x=1 f=done"}


def test_detach_has_no_effect() -> None:
    body = main(FORK_F, "(thread.detach (local.get 0))", JOIN)
    assert outcomes(HANDLE, "(func $f shared unreachable)", body, show="T0 f") == {"T0=trap f=trap"}


def test_p5_is_p7_with_handles_dropped() -> None:
    """What forks return, and nobody looks at, changes no outcome."""
    threads = (
        "(func $f shared (i32.store (i32.const 0) (i32.const 1)) (i32.atomic.store (i32.const 4) (i32.const 1)))",
        """(func $g shared (local $a i32) (local $b i32)
          (local.set $a (i32.atomic.load (i32.const 4))) (local.set $b (i32.load (i32.const 0))))""",
    )
    dropped = outcomes(HANDLE, MEM, *threads, '(func (export "T0") (drop (fork_h $f)) (drop (fork_h $g)))')
    assert dropped == outcomes(FORK, MEM, *threads, '(func (export "T0") (fork $f) (fork $g))')
    assert len(dropped) == 3


@pytest.mark.parametrize("profile", [HANDLE, UNORD], ids=("seqcst", "unord"))
@pytest.mark.parametrize(
    "fields",
    [
        P7A,
        ("(func $f shared unreachable)", main(FORK_F, JOIN)),
        (MEM, WAITER, main(FORK_F, CANCEL, JOIN)),
        (MEM, WAITER, main(FORK_F, JOIN)),
        (
            "(func $f shared (drop (thread.poll_cancel)))",
            main(FORK_F, CANCEL, "(drop (thread.await (local.get 0) (i64.const 1)))"),
        ),
    ],
    ids=("7a", "7b", "7c", "7c without cancel", "await"),
)
def test_enumeration_agrees(profile: Profile, fields: tuple[str, ...]) -> None:
    """Brute force over candidate executions, judged by the referee in plain Python."""
    assert brute_outcomes(profile, *fields) == outcomes(profile, *fields)


def test_events_are_named_for_people() -> None:
    structure = structure_of(HANDLE, *P7A)
    names = {structure.region_names.get(a.location.region) for e in structure.events for a in e.actions}
    assert {"f.st", "f.cn"} <= names
    assert "fork_h" in {e.text for e in structure.events}
    join = next(e for e in structure.events if e.kind is Kind.JOIN)
    assert (join.text, join.rule) == ("thread.join", "join-ok")
    assert join.peer is not None and structure.threads[join.peer].name == "f"


def test_operations_on_handles_may_stand_behind_a_cut() -> None:
    """What no explored path does may still steer one (semantics.exploration.behind)."""
    loop = "(loop $l (i32.store (i32.const 0) (i32.const 1)) (br $l))"
    polls = "(func $f shared (drop (thread.poll_cancel)) (drop (i32.load (i32.const 0))))"
    for behind, found in ((CANCEL, True), ("(thread.detach (local.get 0))", True), ("(drop (local.get 0))", False)):
        structure = structure_of(HANDLE, MEM, polls, main(FORK_F, loop, behind), bounds=Bounds(loop=2))
        assert ("an access that no explored path performs" in structure.behind) == found
