"""Which state needs events: growth, tables, globals, segments, and what one thread keeps to itself."""

from __future__ import annotations

import pytest

from semantics.diagnostics import TextError
from semantics.execution.structure import EventStructure, Kind
from semantics.exploration import explore
from semantics.exploration.program import Cell, Command, HostThread, Instantiate, Invoke, Program, Provider, Spawn
from semantics.syntax.types import I32
from tests.semantics.exploration.programs import SHARED, func, leaves, module, outline, unfolded

GROWS = '(memory (export "mem") 1 2 shared)'
TABLE = "(type $t (shared (func))) (table $tab shared 2 2 (shared funcref))"


def actions(s: EventStructure) -> int:
    """How many events but the initial one access memory."""
    return sum(bool(e.actions) for e in s.events if e.kind is not Kind.INIT)


def threads(*commands: Command) -> EventStructure:
    return explore(Program("test", HostThread("main", commands)))


def test_growth_races_with_an_access():
    s = unfolded(
        GROWS,
        func("P0", "(local $r i32) (local.set $r (memory.grow (i32.const 1)))"),
        func("P1", "(local $r i32) (i32.store8 (i32.const 65536) (i32.const 7)) (local.set $r (memory.size))"),
    )
    assert outline(s) == [
        "0 host 0:(init w mem.len 65536; w mem[0:65536] 0..) 1:(spawn ~1) 3:(spawn ~2) => done",
        "1 P0 <0 2:(start ~0)",
        "2 P1 <0 4:(start ~0)",
        "3 P1 <2 [gt_u(65537, n5)] 5:(r mem.len n5) => trap r=0",
        "4 P1 <2 [le_u(65537, n6)] 6:(r mem.len n6; w mem[65536:65537] 7) 7:(r! mem.len n7) => done r=extract(n7, 16)",
        "5 P0 <1 [or(gt_u(n8, 65536), not(choice))] 8:(r! mem.len n8) => done r=4294967295",
        "6 P0 <1 [eq(n9, 65536), choice] 9:(u mem.len n9 131072; w mem[65536:131072] 0..) => done r=1",
    ]


def test_two_growths_see_each_other():
    """Either may be first; the second finds the maximum reached."""
    grow = "(local $r i32) (local.set $r (memory.grow (i32.const 1)))"
    s = unfolded('(memory (export "mem") 1 3 shared)', func("P0", grow), func("P1", grow))
    assert [line.split("[")[1].split("]")[0] for line in outline(s, "P0")[1:]] == [
        "or(gt_u(n5, 131072), not(choice))",
        "eq(n6, 65536), choice",
        "eq(n9, 131072), choice",
    ]


def test_lengths_are_constants_where_nobody_grows():
    s = unfolded(GROWS, func("P0", "(drop (memory.size))"), func("P1", "(i32.store (i32.const 65536) (i32.const 1))"))
    assert outline(s, "P0", "P1") == ["1 P0 <0 2:(start ~0) => done", "2 P1 <0 4:(start ~0) => trap"]


def test_call_indirect_through_a_table_that_another_thread_sets():
    s = unfolded(
        SHARED,
        TABLE,
        "(func $f shared (type $t) (i32.store (i32.const 0) (i32.const 1)))",
        "(func $g shared (param i32))",
        "(elem declare (shared funcref) (ref.func $f) (ref.func $g))",
        func("P0", "(table.set $tab (i32.const 0) (ref.func $f)) (table.set $tab (i32.const 0) (ref.func $g))"),
        func("P1", "(call_indirect (type $t) (i32.const 0))"),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0)",
        "3 P1 <2 [eq(v7, 0)] 7:(r tab[0:1] v7) => trap",
        "4 P1 <2 [eq(v8, 2)] 8:(r tab[0:1] v8) => trap",
        "5 P1 <2 [eq(v9, 1)] 9:(r tab[0:1] v9) => done",
    ]
    assert [leaf.reason for leaf in leaves(s, "P1")][:2] == ["uninitialized element 0", "indirect call type mismatch"]


def test_a_table_that_nobody_sets_is_a_constant():
    s = unfolded(
        SHARED,
        TABLE,
        "(func $f shared (type $t) (i32.store (i32.const 0) (i32.const 1)))",
        "(elem (table $tab) (i32.const 1) (shared funcref) (ref.func $f))",
        func("P0", "(call_indirect (type $t) (i32.const 1))"),
        func("P1", "(call_indirect (type $t) (i32.const 0))"),
    )
    assert outline(s, "P0", "P1") == [
        "1 P0 <0 2:(start ~0) 5:(w mem[0:4] 1) => done",
        "2 P1 <0 4:(start ~0) => trap",
    ]


def test_globals():
    """g is written by one thread and read by another; h by one alone; i is immutable."""
    s = unfolded(
        "(global $g shared (mut i32) (i32.const 1)) (global $h (mut i32) (i32.const 2)) (global $i i32 (i32.const 3))",
        func("P0", "(global.set $g (i32.const 4))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (local.set $r (global.get $g)) (global.set $h (i32.const 5))",
            "(local.set $s (i32.add (global.get $h) (global.get $i)))",
        ),
    )
    assert outline(s) == [
        "0 host 0:(init w g 1) 1:(spawn ~1) 3:(spawn ~2) => done",
        "1 P0 <0 2:(start ~0) 5:(w g 4) => done",
        "2 P1 <0 4:(start ~0) 6:(r g v6) => done r=v6 s=8",
    ]


def test_a_confined_memory_gives_no_events():
    s = unfolded(
        '(memory (export "mem") 1) (data (i32.const 8) "\\2a")',
        func(
            "P0",
            "(local $r i32) (local $s i32) (local $t i32) (i32.store (i32.const 0) (i32.const 0x01020304))",
            "(local.set $r (i32.add (i32.load8_u (i32.const 1)) (i32.load16_u (i32.const 2))))",
            "(local.set $s (memory.grow (i32.const 0)))",
            "(local.set $t (i32.load (i32.const 8)))",
        ),
        func("P1", "nop"),
    )
    assert actions(s) == 0
    assert [leaf.registers for leaf in leaves(s, "P0")] == [
        {"r": 0x105, "s": 2**32 - 1, "t": 42},
        {"r": 0x105, "s": 1, "t": 42},
    ]


def test_symbols_pass_through_confined_memory():
    private = '(memory $own 1) (memory $mem (export "mem") 1 1 shared)'
    s = unfolded(
        private,
        func("P0", "(i32.store $mem (i32.const 0) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (i32.store $own (i32.const 4) (i32.load $mem (i32.const 0)))",
            "(local.set $r (i32.load $own (i32.const 4)))",
        ),
    )
    assert outline(s, "P1") == ["2 P1 <0 4:(start ~0) 6:(r mem[0:4] v6) => done r=v6"]


def test_paths_keep_what_is_confined_apart():
    s = unfolded(
        "(global $own (mut i32) (i32.const 0))",
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (if (i32.load (i32.const 0)) (then (global.set $own (i32.const 1)))",
            "(else (global.set $own (i32.const 2)))) (local.set $r (global.get $own))",
        ),
    )
    assert [leaf.registers for leaf in leaves(s, "P1")] == [{"r": 1}, {"r": 2}]


def test_what_runs_before_the_first_thread_is_the_initial_store():
    m = module(
        SHARED,
        '(data (i32.const 4) "\\07") (func $start (i32.store8 (i32.const 5) (i32.const 8))) (start $start)',
        func("st", "(param i32) (i32.store8 (i32.const 6) (local.get 0))"),
        func("ld", "(result i32) (i32.load (i32.const 4))"),
    )
    s = threads(
        Instantiate("m", m),
        Invoke("m", "st", ((I32, 9),)),
        Spawn(HostThread("a", (Invoke("m", "ld", results=("x",)),))),
        Spawn(HostThread("b", (Invoke("m", "st", ((I32, 1),)),))),
    )
    assert outline(s, "main") == [
        "0 main 0:(init w mem[0:65536] {4: 7, 5: 8, 6: 9}..) 1:(spawn ~1) 3:(spawn ~2) => done"
    ]


def test_a_program_of_one_thread_has_only_the_initial_event():
    m = module(SHARED, func("f", "(result i32) (i32.store (i32.const 0) (i32.const 5)) (i32.load (i32.const 0))"))
    s = threads(Instantiate("m", m), Invoke("m", "f", results=("x",)))
    assert outline(s) == ["0 main 0:(init) => done x=5"]


def test_observed_cells_of_a_program_of_one_thread():
    m = module(SHARED, func("f", "(i32.store (i32.const 0) (i32.const 5))"))
    main = HostThread("main", (Instantiate("m", m), Invoke("m", "f")))
    s = explore(Program("test", main, (Cell("x", "m", "mem", 0),), ("x",)))
    assert outline(s) == ["0 main 0:(init) => done", "1  => done x=5"]


def test_threads_instantiate_over_a_shared_memory():
    """As the scripts of the threads proposal do: a memory of the main thread, and a module for each thread."""
    memory = module(SHARED)
    reader = module(
        '(memory (import "mem" "shared") 1 1 shared) (global $own (mut i32) (i32.const 3))',
        '(data (i32.const 8) "\\01")',
        func("run", "(result i32) (global.set $own (i32.load (i32.const 0))) (global.get $own)"),
    )

    def thread(name: str) -> Spawn:
        link = Instantiate(f"i{name}", reader, (Provider("mem", "mem"),))
        return Spawn(HostThread(name, (link, Invoke(f"i{name}", "run", results=("x",)))))

    s = threads(Instantiate("mem", memory), thread("a"), thread("b"))
    assert outline(s) == [
        "0 main 0:(init w mem[0:65536] 0..) 1:(spawn ~1) 3:(spawn ~2) => done",
        "1 a <0 2:(start ~0) 5:(w mem[8:9] 1) 6:(r mem[0:4] v6) => done x=v6",
        "2 b <0 4:(start ~0) 7:(w mem[8:9] 1) 8:(r mem[0:4] v8) => done x=v8",
    ]


def test_an_instance_that_a_thread_shares_with_its_child_has_an_event():
    m = module(SHARED, func("st", "(i32.store (i32.const 0) (i32.const 5))"))
    child = Spawn(HostThread("b", (Invoke("m", "st"),)))
    s = threads(Spawn(HostThread("a", (Instantiate("m", m), child, Invoke("m", "st")))))
    assert outline(s, "a", "b") == [
        "1 a <0 2:(start ~0) 3:(init w mem[0:65536] 0..) 4:(spawn ~2) 6:(w mem[0:4] 5) => done",
        "2 b <1 5:(start ~1) 7:(w mem[0:4] 5) => done",
    ]


def test_observed_cells():
    m = module(
        SHARED,
        '(global $g (export "g") shared (mut i64) (i64.const 1)) (global $c (export "c") i32 (i32.const 9))',
        func("P0", "(i32.store8 (i32.const 3) (i32.const 1)) (global.set $g (i64.const 2))"),
    )
    cells = (Cell("x", "m", "mem", 0, 4), Cell("g", "m", "g"), Cell("c", "m", "c"), Cell("y", "m", "mem", 8, 8))
    main = HostThread("host", (Instantiate("m", m), Spawn(HostThread("P0", (Invoke("m", "P0"),)))))
    s = explore(Program("test", main, cells, ("x", "g", "c", "y")))
    assert outline(s, "") == [
        "2  5:(observe r! mem[0:4] v5) 6:(observe r! g v6) 7:(observe r! mem[8:16] v7) => done x=v5 g=v6 c=9 y=v7"
    ]
    assert [e.notears for e in s.events[5:]] == [True, None, False]
    assert {(e, o) for o in (5, 6, 7) for e in range(5)} <= set(s.asw)
    assert {s.cells[n][1] for n in ("x", "y")} == {4, 8}


def test_segments_that_are_dropped_by_another_thread():
    s = unfolded(
        SHARED,
        '(data $d "\\01\\02")',
        func("P0", "(data.drop $d)"),
        func("P1", "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))"),
    )
    assert [leaf.status.value for leaf in leaves(s, "P1")] == ["trap", "done"]


def test_instantiate_in_a_thread():
    """A module instantiated by running code: its objects are shared and none is constant, for a read of one puts the
    creation before the reader."""
    s = unfolded(
        SHARED,
        '(module $inner (memory 1 1 shared) (data (i32.const 0) "\\05")',
        '(func (export "f") shared (i32.store (i32.const 4) (i32.load (i32.const 0)))))',
        '(table $tab (export "tab") shared 1 1 (shared funcref)) (type $t (shared (func)))',
        func("P0", "(table.set $tab (i32.const 0) (instantiate $inner))"),
        func("P1", "(call_indirect $tab (type $t) (i32.const 0))"),
    )
    assert outline(s, "P0", "P1") == [
        "1 P0 <0 2:(start ~0) 5:(init w 6.len 65536; w 6.data[0:65536] {0: 5}..; w 7.val 1) 6:(w tab[0:1] 5) => done",
        "2 P1 <0 4:(start ~0)",
        "3 P1 <2 [eq(v7, 0)] 7:(r tab[0:1] v7) => trap",
        "4 P1 <2 [eq(v8, 5)] 8:(r tab[0:1] v8)",
        "5 P1 <4 [le_u(4, n9)] 9:(r 6.len n9; r 6.data[0:4] v9)",
        "6 P1 <5 [le_u(8, n10)] 10:(r 6.len n10; w 6.data[4:8] v9) => done",
    ]


@pytest.mark.parametrize(
    ("cell", "observed", "message"),
    [
        (Cell("x", "m", "mem"), "y", "unknown cell y"),
        (Cell("x", "n", "mem"), "x", "unknown instance n"),
        (Cell("x", "m", "memory"), "x", "no exported memory or global memory"),
    ],
)
def test_cells_that_there_are_not(cell, observed, message):
    main = HostThread("main", (Instantiate("m", module(SHARED)),))
    with pytest.raises(TextError, match=message):
        explore(Program("test", main, (cell,), (observed,)))
