"""WAVM (systems.md B.9): contexts, createThread and its kin, the hypotheses of EQ-9, programs 9a to 9c."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import LinkError, NotExpressible, TextError
from semantics.execution.structure import Kind
from semantics.exploration import explore
from semantics.exploration.program import HostThread, Instantiate, Invoke, Program, Provider
from semantics.profiles.handle import DONE, TRAPPED
from semantics.profiles.wavm import ENTRY, WAVM, WAVM_CLONE
from semantics.runtime.actions import Rmw
from semantics.runtime.profile import Profile
from semantics.syntax.types import FUNCREF, I32, I64
from tests.semantics.exploration.programs import module
from tests.semantics.profiles.running import outcomes

HOST = (
    '(import "wavm" "createThread" (func $createThread (param funcref i32) (result i64)))',
    '(import "wavm" "exitThread" (func $exitThread (param i64)))',
    '(import "wavm" "joinThread" (func $joinThread (param i64) (result i64)))',
    '(import "wavm" "detachThread" (func $detachThread (param i64)))',
)
MEMORY = '(memory (export "mem") 1 1 shared)'
G = "(global $g (mut i32) (i32.const 0))"
AWAIT = "(loop $l (br_if $l (i32.eqz (local.tee $y (i32.atomic.load (i32.const 4))))))"
SPAWN = "(local.set $id (call $createThread (ref.func $f) (i32.const 0)))"
JOIN = "(local.set $v (call $joinThread (local.get $id)))"


def machine(*fields: str, before: tuple = (), imports: tuple[Provider, ...] = ()) -> Program:
    """A program whose main thread calls the export "main"; the imports of WAVM come after `imports`."""
    text = (*fields[: len(imports)], *HOST, "(elem declare func $f)", *fields[len(imports) :])
    made = Instantiate("m", module(*text, discipline=WAVM.typing), (*imports, None, None, None, None))
    return Program("test", HostThread("T0", (*before, made, Invoke("m", "main"))))


def main(*code: str) -> str:
    locals = "(local $id i64) (local $v i64) (local $r i32) (local $y i32)"
    return f'(func (export "main") {locals} {" ".join(code)})'


def f(*code: str) -> str:
    return f"(func $f (param $a i32) (result i64) (local $r i32) {' '.join(code)})"


# --- typing and linking -------------------------------------------------------------------------
def test_the_operations_are_no_instructions():
    with pytest.raises(TextError, match="unknown operator createThread"):
        module("(func createThread)")
    assert WAVM.host["wavm", "createThread"][1].params == (FUNCREF, I32)


def test_attributes_are_those_of_the_threads_proposal():
    with pytest.raises(NotExpressible, match="not expressible under wavm: needs shared functions"):
        module("(func shared)", discipline=WAVM.typing)
    with pytest.raises(NotExpressible, match="not expressible under wavm: needs fork"):
        module("(func) (func (fork 0))", discipline=WAVM.typing)
    module("(memory 1)", "(func (drop (i32.atomic.load (i32.const 0))))", discipline=WAVM.typing)  # DEC 24


def test_an_operation_of_another_type_does_not_link():
    wrong = module('(import "wavm" "joinThread" (func (param i32) (result i64)))', discipline=WAVM.typing)
    with pytest.raises(LinkError, match='incompatible import type of "wavm" "joinThread"'):
        explore(Program("test", HostThread("T0", (Instantiate("m", wrong, (None,)),))), profile=WAVM)


# --- rules --------------------------------------------------------------------------------------
def test_k4_checks_the_type_of_the_entry_in_the_caller():
    for entry in ("(ref.null func)", "(ref.func $h)"):
        made = machine(
            MEMORY, "(func $h)", "(elem declare func $h)", f("(i64.const 0)"),
            main(f"(drop (call $createThread {entry} (i32.const 0)))"),
        )  # fmt: skip
        assert outcomes(WAVM, made, ("T0", "f")) == {("trap", None)}
    assert (ENTRY.params, ENTRY.results) == ((I32,), (I64,))


def test_k5_the_end_is_recorded_by_a_read_modify_write():
    """st leaves `run` for done or trapped; the argument of exitThread is the result as the value of the function is."""
    ends = {"(i64.const 7)": DONE, "(call $exitThread (i64.const 7)) unreachable": DONE, "unreachable": TRAPPED}
    for code, state in ends.items():
        made = machine(MEMORY, f(code), main(SPAWN, JOIN))
        found = [e for e in explore(made, profile=WAVM).events if e.kind is Kind.END]
        assert [a.new for e in found for a in e.actions if isinstance(a, Rmw)] == [state]
        expected = (7, "done") if state == DONE else (0, "trap")
        assert outcomes(WAVM, made, ("T0.v", "T0")) == {expected}


def test_k5_exit_ends_the_thread_from_any_depth():
    made = machine(
        MEMORY, "(func $deep (block (loop (call $exitThread (i64.const 9)))) unreachable)",
        f("(local.set $r (i32.const 3)) (call $deep) (local.set $r (i32.const 4)) (i64.const 1)"), main(SPAWN, JOIN),
    )  # fmt: skip
    assert outcomes(WAVM, made, ("T0.v", "f.r", "f")) == {(9, 3, "done")}


def test_k6_a_join_takes_the_id():
    """A second join or detach traps, whether the thread has ended or never does."""
    forever = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))) (i64.const 1)"
    for again in ("(drop (call $joinThread (local.get $id)))", "(call $detachThread (local.get $id))"):
        assert outcomes(WAVM, machine(MEMORY, f("(i64.const 1)"), main(SPAWN, JOIN, again)), ("T0", "T0.v")) == {
            ("trap", 1)
        }
        for code in ("(i64.const 1)", forever):
            made = machine(MEMORY, f(code), main(SPAWN, "(call $detachThread (local.get $id))", again))
            assert {end for end, _ in outcomes(WAVM, made, ("T0", "f"))} == {"trap"}
    assert outcomes(WAVM, machine(MEMORY, f(forever), main(SPAWN, JOIN)), ("T0", "f")) == {("blocked", "blocked")}


def test_k6_a_trap_in_a_detached_thread_ends_the_process():
    """But not where it is detached after it trapped, or never."""
    made = machine(MEMORY, f("unreachable"), main(SPAWN, "(call $detachThread (local.get $id))"))
    assert outcomes(WAVM, made, ("T0", "f")) == {("done", "trap"), ("killed", "trap")}
    waiting = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"
    made = machine(MEMORY, f("unreachable"), main(SPAWN, "(call $detachThread (local.get $id))", waiting))
    assert outcomes(WAVM, made, ("T0", "f")) == {("blocked", "trap"), ("killed", "trap")}
    made = machine(MEMORY, f("unreachable"), main(SPAWN, waiting))
    assert outcomes(WAVM, made, ("T0", "f")) == {("blocked", "trap")}


def test_k6_after_a_join_that_trapped():
    made = machine(MEMORY, f("unreachable"), main(SPAWN, JOIN, "(call $detachThread (local.get $id))"))
    assert outcomes(WAVM, made, ("T0", "f")) == {("trap", "trap")}


def test_k6_of_two_joiners_one_traps():
    made = machine(
        MEMORY, '(global $id (mut i64) (i64.const 0))', f("(i64.const 42)"),
        "(func $j (param $a i32) (result i64) (local $v i64)",
        "(local.set $v (call $joinThread (i64.load (i32.const 8)))) (i64.const 0))",
        "(elem declare func $j)",
        main(SPAWN, "(i64.store (i32.const 8) (local.get $id))",
             "(drop (call $createThread (ref.func $j) (i32.const 0)))", JOIN),
    )  # fmt: skip
    assert outcomes(WAVM, made, ("T0", "T0.v", "j", "j.v")) == {("done", 42, "trap", 0), ("trap", 0, "done", 42)}


def test_k6_an_id_that_nobody_gave_out():
    for id in ("(i64.const 0)", "(i64.const 1)", "(i64.const -1)"):
        made = machine(MEMORY, f("(i64.const 1)"), main(f"(drop (call $joinThread {id}))"))
        assert outcomes(WAVM, made, ("T0",)) == {("trap",)}


def test_k6_an_id_that_a_program_makes_up():
    """It is not by chance that of a thread, which may not have begun."""
    for id in range(30):
        made = machine(MEMORY, f(f"(call $joinThread (i64.const {id}))"), main(SPAWN))
        assert outcomes(WAVM, made, ("T0", "f")) == {("done", "trap")}, id


def test_k7_the_first_thread_may_not_exit():
    made = machine(MEMORY, f("(i64.const 1)"), main("(call $exitThread (i64.const 1))"))
    assert outcomes(WAVM, made, ("T0",)) == {("trap",)}


def test_a_join_waits_and_orders():
    """L10 with plain accesses, and the broken twin that does not join."""
    child = f("(i32.store (i32.const 0) (i32.const 1)) (i64.const 0)")
    load = "(local.set $r (i32.load (i32.const 0)))"
    assert outcomes(WAVM, machine(MEMORY, child, main(SPAWN, JOIN, load)), ("T0.r",)) == {(1,)}
    assert outcomes(WAVM, machine(MEMORY, child, main(SPAWN, load)), ("T0.r",)) == {(0,), (1,)}


# --- programs -----------------------------------------------------------------------------------
L2 = (MEMORY, G, f("(i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10))) (i64.const 0)"),
      main("(global.set $g (i32.const 1))", SPAWN, AWAIT))  # fmt: skip
L3 = (MEMORY, G, f("(local.set $r (global.get $g)) (i64.const 0)"), main(SPAWN, "(global.set $g (i32.const 1))"))


@pytest.mark.parametrize(("profile", "y"), ((WAVM, 10), (WAVM_CLONE, 11)))
def test_9a_a_new_context(profile: Profile, y: int):
    assert outcomes(profile, machine(*L2), ("T0.y",)) == {(y,)}
    assert outcomes(profile, machine(*L3), ("f.r",)) == {(0,)}  # later writes do not cross
    assert outcomes(replace(profile, cells="declared"), machine(*L2), ("T0.y",)) == {(11,)}  # 3u


def test_9b_silent_duplication():
    made = machine(
        MEMORY, G, f("(global.set $g (i32.const 5)) (i64.const 0)"), main(SPAWN, JOIN, "(local.set $r (global.get $g))")
    )
    assert outcomes(WAVM, made, ("T0.r",)) == {(0,)}
    assert outcomes(replace(WAVM, cells="declared"), made, ("T0.r",)) == {(5,)}


def test_9c_a_broken_invariant():
    """k counts in a global what n counts in shared memory; in a thread of its own k starts again."""
    alloc = (
        "(func $alloc (global.set $g (i32.add (global.get $g) (i32.const 1)))"
        " (i32.atomic.store (i32.const 0) (i32.add (i32.atomic.load (i32.const 0)) (i32.const 1))))"
    )
    check = "(func $check (if (i32.ne (global.get $g) (i32.atomic.load (i32.const 0))) (then unreachable)))"
    made = machine(
        MEMORY, G, alloc, check, f("(call $check) (i64.const 0)"), main("(call $alloc) (call $check)", SPAWN)
    )
    assert outcomes(WAVM, made, ("T0", "f")) == {("done", "trap")}
    assert outcomes(WAVM_CLONE, made, ("T0", "f")) == {("done", "done")}


def test_the_dropped_hypotheses_of_eq9():
    """Where wavm is not re-instantiation (the other halves are tests of web): start, segment, drop, own table."""
    done = "(i32.atomic.store (i32.const 4) (i32.const 1)) (i64.const 0)"
    count = "(drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))"
    started = machine(
        MEMORY, f"(func $s {count}) (start $s)", f(done),
        main(SPAWN, AWAIT, "(local.set $r (i32.atomic.load (i32.const 8)))"),
    )  # fmt: skip
    assert outcomes(WAVM, started, ("T0.r",)) == {(1,)}  # L5
    segment = '(data (i32.const 0) "\\07\\00\\00\\00")'
    active = machine(
        MEMORY, segment, f(done),
        main("(i32.store (i32.const 0) (i32.const 1))", SPAWN, "(local.set $r (i32.load (i32.const 0)))"),
    )  # fmt: skip
    assert outcomes(WAVM, active, ("T0.r",)) == {(1,)}  # L4
    init = "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (local.set $r (i32.const 1)) (i64.const 0)"
    dropped = machine(MEMORY, '(data $d "\\01")', f(init), main("(data.drop $d)", SPAWN))
    assert outcomes(WAVM, dropped, ("f", "f.r")) == {("trap", 0)}  # L6
    table = machine(
        MEMORY, "(table 1 funcref) (type $h (func (result i32)))",
        "(func $h (type $h) (i32.const 6)) (elem declare func $h)",
        f("(local.set $r (call_indirect (type $h) (i32.const 0))) (i64.const 0)"),
        main("(table.set (i32.const 0) (ref.func $h))", SPAWN),
    )  # fmt: skip
    assert outcomes(WAVM, table, ("f", "f.r")) == {("done", 6)}  # L7


def test_l11_an_imported_mutable_global_is_of_the_context_too():
    n = Instantiate("n", module('(global (export "g") (mut i32) (i32.const 0))', discipline=WAVM.typing))
    made = machine(
        '(import "n" "g" (global $g (mut i32)))', MEMORY,
        f("(global.set $g (i32.const 2)) (local.set $r (global.get $g)) (i64.const 0)"),
        main(SPAWN, "(global.set $g (i32.const 1))"), before=(n,), imports=(Provider("n", "g"),),
    )  # fmt: skip
    assert outcomes(WAVM, made, ("f.r",)) == {(2,)}
