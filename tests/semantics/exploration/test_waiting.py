"""wait and notify: events, fates, counts, and loops that notify until somebody woke."""

from __future__ import annotations

from semantics.execution.structure import Kind, Origin, Status
from semantics.exploration.program import Bounds
from semantics.validation import THREADS
from tests.semantics.exploration.programs import SHARED, func, leaves, outline, unfolded

WAIT = func("P0", "(local $r i32) (local.set $r (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))")


def wait(timeout: str) -> str:
    return func("P0", f"(local $r i32) (local.set $r (memory.atomic.wait32 (i32.const 0) (i32.const 0) {timeout}))")


def notify(limit: str) -> str:
    return func("P1", f"(local $r i32) (local.set $r (memory.atomic.notify (i32.const 0) {limit}))")


def test_a_wait_is_woken_or_blocked_or_does_not_suspend():
    s = unfolded(
        SHARED,
        WAIT,
        func(
            "P1",
            "(local $r i32) (i32.atomic.store (i32.const 0) (i32.const 1))",
            "(local.set $r (memory.atomic.notify (i32.const 0) (i32.const 1)))",
        ),
    )
    assert outline(s) == [
        "0 host 0:(init w mem[0:65536] 0..) 1:(spawn ~1) 3:(spawn ~2) => done",
        "1 P0 <0 2:(start ~0)",
        "2 P1 <0 4:(start ~0) 8:(w! mem[0:4] 1) 9:(notify) => done r=count9",
        "3 P0 <1 [eq(v5, 0)] 5:(wait r! mem[0:4] v5)",
        "4 P0 <1 [ne(v6, 0)] 6:(r! mem[0:4] v6) => done r=1",
        "5 P0 <3 [eq(fate5, 0)] 7:(woken ~5) => done r=0",
        "6 P0 <3 [eq(fate5, 3)] => blocked r=0",
    ]
    suspended, notified = s.events[5], s.events[9]
    assert suspended.queue == notified.queue == s.events[7].queue == suspended.actions[0].location
    assert notified.limit == 1
    assert s.symbols[suspended.fate].origin is Origin.FATE
    assert s.symbols[notified.count].origin is Origin.COUNT
    assert [leaf.reason for leaf in leaves(s, "P0") if leaf.status is Status.BLOCKED] == ["never notified"]


def test_a_wait_that_finds_another_value_takes_its_turn():
    """It says whose queue it is in, even where nobody writes and its read is no event."""
    raced = func("P1", "(i32.atomic.store (i32.const 0) (i32.const 1))")
    unequal = func("P0", "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 5) (i64.const -1)))")
    for others in (raced, notify("(i32.const 1)")):
        s = unfolded(SHARED, unequal, others)
        [over] = [e for e in s.events if e.rule == "wait-unequal"]
        assert over.kind is Kind.ACCESS and over.queue is not None and over.queue.offset == 0
        assert bool(over.actions) is (others is raced)


def test_a_finite_timeout_expires():
    s = unfolded(SHARED, wait("(i64.const 100)"), notify("(i32.const 1)"))
    assert outline(s, "P0") == [
        "1 P0 <0 2:(start ~0) 5:(wait)",
        "3 P0 <1 [eq(fate5, 0)] 6:(woken ~5) => done r=0",
        "4 P0 <1 [eq(fate5, 2)] 7:(timeout ~5) => done r=2",
    ]


def test_nobody_is_woken_where_nobody_notifies():
    s = unfolded(SHARED, wait("(i64.const 100)"), notify("(i32.const 0)"))
    assert outline(s, "P0", "P1") == [
        "1 P0 <0 2:(start ~0) 5:(wait)",
        "2 P1 <0 4:(start ~0) 7:(notify) => done r=0",
        "3 P0 <1 [eq(fate5, 2)] 6:(timeout ~5) => done r=2",
    ]


def test_a_timeout_may_be_symbolic():
    s = unfolded(
        SHARED,
        wait("(i64.extend_i32_s (i32.load (i32.const 8)))"),
        func(
            "P1", "(i32.store (i32.const 8) (i32.const -1)) (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))"
        ),
    )
    assert outline(s, "P0") == [
        "1 P0 <0 2:(start ~0) 5:(r mem[8:12] v5)",
        "3 P0 <1 [eq(v6, 0)] 6:(wait r! mem[0:4] v6)",
        "4 P0 <3 [eq(fate6, 0)] 7:(woken ~6) => done r=0",
        "5 P0 <3 [eq(fate6, 3), lt_s(sext(v5), 0)] => blocked r=0",
        "6 P0 <3 [eq(fate6, 2), ge_s(sext(v5), 0)] 8:(timeout ~6) => done r=2",
    ]


def test_notify_until_somebody_woke():
    """The loop of the proposal's wait_notify.wast: an iteration that woke nobody is pure, and the other one leaves."""
    s = unfolded(
        SHARED,
        WAIT,
        func("P1", "(loop (i32.const 1) (memory.atomic.notify (i32.const 0) (i32.const 1)) (i32.ne) (br_if 0))"),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(notify)",
        "5 P1 <2 [eq(count7, 1)] => done",
    ]


def test_an_iteration_that_may_have_woken_somebody_goes_on():
    """Until two were woken at once: those that woke one count."""
    s = unfolded(
        SHARED,
        WAIT,
        WAIT.replace("P0", "P2"),
        func("P1", "(loop (br_if 0 (i32.lt_u (memory.atomic.notify (i32.const 0) (i32.const -1)) (i32.const 2))))"),
        threads=("P0", "P1", "P2"),
        bounds=Bounds(loop=2),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 9:(notify)",
        "6 P1 <2 [lt_u(count9, 2)]",
        "7 P1 <2 [ge_u(count9, 2)] => done",
        "8 P1 <6 [ne(count9, 0)] 10:(notify)",
        "9 P1 <8 [lt_u(count10, 2)] => cut",
        "10 P1 <8 [ge_u(count10, 2)] => done",
    ]


def test_a_wait_that_times_out_is_a_pure_iteration():
    s = unfolded(
        SHARED,
        func(
            "P0",
            "(loop (br_if 0 (i32.eq (i32.const 2)",
            "(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 10)))))",
        ),
        func(
            "P1",
            "(i32.atomic.store (i32.const 0) (i32.const 1)) (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))",
        ),
    )
    assert outline(s, "P0") == [
        "1 P0 <0 2:(start ~0)",
        "3 P0 <1 [eq(v5, 0)] 5:(wait r! mem[0:4] v5)",
        "4 P0 <1 [ne(v6, 0)] 6:(r! mem[0:4] v6) => done",
        "5 P0 <3 [eq(fate5, 0)] 7:(woken ~5) => done",
    ]


def test_a_memory_that_is_not_shared_has_no_waiters():
    s = unfolded(
        '(memory (export "mem") 1)',
        func("P0", "(local $r i32) (local.set $r (memory.atomic.notify (i32.const 0) (i32.const 1)))"),
        func("P1", "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))"),
        discipline=THREADS,
    )
    assert not any(e.kind in (Kind.WAIT, Kind.NOTIFY) for e in s.events)
    assert [leaf.reason for leaf in leaves(s, "P1")] == ["expected shared memory"]
    assert leaves(s, "P0")[0].registers == {"r": 0}
