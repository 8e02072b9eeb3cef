"""shared-everything-threads (systems.md B.12): typing, atomics, component builtins, programs 12a to 12f."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import Invalid, LinkError, NotExpressible, Source
from semantics.exploration import explore
from semantics.exploration.program import HostThread, Instantiate, Invoke, Program
from semantics.profiles.fork import FORK
from semantics.profiles.shared_everything import SHARED_EVERYTHING
from semantics.runtime.profile import Profile
from semantics.text import parse_module
from semantics.text.printer import print_module
from tests.semantics.exploration.programs import func, module
from tests.semantics.profiles.running import outcomes, results

TYPING = SHARED_EVERYTHING.typing
MEMORY = '(memory (export "mem") 1 1 shared)'


def refused(words: str, *fields: str, rule: str | None = None, typing=TYPING) -> None:
    with pytest.raises(Invalid, match=words) as found:
        module(*fields, discipline=typing)
    assert rule is None or found.value.rule == rule


# --- typing -------------------------------------------------------------------------------------
def test_12b_strict_bodies():
    """Neither local variables, nor operands, nor results of local types; valid where bodies are relaxed (T30)."""
    variable = "(func shared (local funcref))"
    refused("a shared function may not have a local variable of type funcref", variable, rule="T30")
    operand = "(func shared (drop (ref.null func)))"
    refused("a shared function may not hold a local funcref", operand, rule="T10")
    nested = "(func shared (block (loop (drop (ref.null extern)))))"
    refused("a shared function may not hold a local externref", nested, rule="T10")
    for fields in (variable, operand, nested):
        module(fields, discipline=FORK.typing)
        module(fields, discipline=replace(TYPING, body="relaxed"))
        module(fields.replace("shared ", ""), discipline=TYPING)
    module("(func shared (local (shared funcref) i64) (drop (ref.null (shared func))))", discipline=TYPING)
    module("(func shared unreachable drop)", discipline=TYPING)


def test_there_is_no_instantiate_and_no_fork():
    for code, feature in (("(fork 0)", "fork"), ("(instantiate $n)", "instantiate")):
        with pytest.raises(NotExpressible, match=f"not expressible under shared-everything: needs {feature}"):
            module("(module $n)", f"(func shared) (func {code})", discipline=TYPING)


def test_segments_carry_the_attribute():
    init = "(func shared (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))"
    module(MEMORY, '(data $d shared "a")', init, discipline=TYPING)
    refused("may not use local data segment \\$d", MEMORY, '(data $d "a")', init, rule="T29")


def test_thread_local_globals_start_with_the_default():
    module("(global thread_local (mut i32) (i32.const 0))", discipline=TYPING)
    refused("must start with the default", "(global thread_local (mut i32) (i32.const 1))", rule="T31")


@pytest.mark.parametrize("share", ("", "shared", "thread_local"))
def test_atomics_of_globals(share: str):
    """On every attribute (DEC 24), of integers and, where nothing is computed, references below anyref."""
    code = (
        "(func (result i64) (global.atomic.get seq_cst $g))",
        "(func (global.atomic.set acq_rel $g (i64.const 1)))",
        *(
            f"(func (result i64) (global.atomic.rmw.{op} {order} $g (i64.const 1)))"
            for op in ("add", "sub", "and", "or", "xor", "xchg")
            for order in ("seq_cst", "acq_rel")
        ),
        "(func (result i64) (global.atomic.rmw.cmpxchg seq_cst $g (i64.const 1) (i64.const 2)))",
    )
    made = module(f"(global $g {share} (mut i64) (i64.const 0))", *code, discipline=TYPING)
    assert parse_module(Source("t.wat", print_module(made))) == made


def test_types_of_atomics():
    f32 = "(global $g shared (mut f32) (f32.const 0))"
    func_ = "(global $g shared (mut (shared funcref)) (ref.null (shared func)))"
    any_ = "(global $g shared (mut (shared anyref)) (ref.null (shared any)))"
    words = "invalid type: atomic accesses"
    refused(words, f32, "(func (drop (global.atomic.get seq_cst $g)))", rule="T14")
    refused(words, f32, "(func (global.atomic.set acq_rel $g (f32.const 0)))", rule="T15")
    refused(words, f32, "(func (drop (global.atomic.rmw.xchg seq_cst $g (f32.const 0))))", rule="global.atomic.rmw")
    refused(words, func_, "(func (drop (global.atomic.get seq_cst $g)))", rule="T14")
    module(f32, func_.replace("$g", "$f"), "(func (drop (global.get $g)) (drop (global.get $f)))", discipline=TYPING)
    module(any_, "(func (drop (global.atomic.rmw.xchg seq_cst $g (ref.null (shared any)))))", discipline=TYPING)
    null = "(ref.null (shared any))"
    refused("takes i32 or i64", any_, f"(func (drop (global.atomic.rmw.add seq_cst $g {null})))")
    refused("takes i32 or i64", any_, f"(func (drop (global.atomic.rmw.cmpxchg seq_cst $g {null} {null})))")
    constant = "(global $g shared i32 (i32.const 0))"
    refused("global is immutable", constant, "(func (drop (global.atomic.rmw.add seq_cst $g (i32.const 1))))")
    table = "(table $t shared 1 (shared {}))"
    exchange = "(func (drop (table.atomic.rmw.xchg acq_rel $t (i32.const 0) (ref.null (shared {})))))"
    module(table.format("anyref"), exchange.format("any"), discipline=TYPING)
    refused(words, table.format("funcref"), exchange.format("func"), rule="table.atomic.rmw.xchg")
    get = "(func (drop (table.atomic.get seq_cst $t (i32.const 0))))"
    refused(words, table.format("funcref"), get, rule="T16")
    module(table.format("funcref"), get, discipline=FORK.typing)


def test_other_designs_lack_the_atomics():
    g = "(global $g shared (mut i32) (i32.const 0))"
    with pytest.raises(NotExpressible, match="not expressible under fork: needs atomic read-modify-writes of globals"):
        module(g, "(func (drop (global.atomic.rmw.add seq_cst $g (i32.const 1))))", discipline=FORK.typing)


# --- rules of atomics ---------------------------------------------------------------------------
def alone(*code: str, fields: tuple[str, ...] = (), show: tuple[str, ...] = ("T0.r",)) -> set[tuple[object, ...]]:
    made = module(
        "(global $g shared (mut i32) (i32.const 12))", *fields,
        f'(func (export "main") (local $r i32) (local $s i32) {" ".join(code)})', discipline=TYPING,
    )  # fmt: skip
    thread = HostThread("T0", (Instantiate("m", made), Invoke("m", "main")))
    return outcomes(SHARED_EVERYTHING, Program("t", thread), show)


@pytest.mark.parametrize(("op", "after"), (("add", 15), ("sub", 9), ("and", 0), ("or", 15), ("xor", 15), ("xchg", 3)))
def test_read_modify_write(op: str, after: int):
    code = f"(local.set $r (global.atomic.rmw.{op} seq_cst $g (i32.const 3))) (local.set $s (global.get $g))"
    assert alone(code, show=("T0.r", "T0.s")) == {(12, after)}


def test_compare_exchange():
    for expected, after in ((12, 5), (11, 12)):
        exchange = f"(global.atomic.rmw.cmpxchg seq_cst $g (i32.const {expected}) (i32.const 5))"
        code = f"(local.set $r {exchange}) (local.set $s (global.get $g))"
        assert alone(code, show=("T0.r", "T0.s")) == {(12, after)}


def test_exchange_in_a_table():
    table = "(table $t shared 1 (shared anyref))"
    code = "(local.set $r (ref.is_null (table.atomic.rmw.xchg seq_cst $t (i32.const {}) (ref.null (shared any)))))"
    assert alone(code.format(0), fields=(table,), show=("T0", "T0.r")) == {("done", 1)}
    assert alone(code.format(1), fields=(table,), show=("T0", "T0.r")) == {("trap", 0)}


def test_two_exchanges_do_not_read_the_same():
    g = "(global $g shared (mut i32) (i32.const 0))"
    code = "(local $r i32) (local.set $r (global.atomic.rmw.add {} $g (i32.const 1)))"
    for order in ("seq_cst", "acq_rel"):
        found = results(
            SHARED_EVERYTHING, MEMORY, g, func("P0", code.format(order)), func("P1", code.format(order)),
            threads=("P0", "P1"), show=("P0.r", "P1.r"),
        )  # fmt: skip
        assert found == {(0, 1), (1, 0)}


def test_atomics_of_a_thread_local_global_act_on_the_cell():
    g = "(global $g thread_local (mut i32) (i32.const 0))"
    code = "(local $r i32) (local.set $r (global.atomic.rmw.add seq_cst $g (i32.const 1)))"
    found = results(
        SHARED_EVERYTHING, MEMORY, g, func("P0", code), func("P1", code), threads=("P0", "P1"), show=("P0.r", "P1.r")
    )
    assert found == {(0, 0)}


# --- builtins -----------------------------------------------------------------------------------
SPAWN = '(import "component" "thread.spawn-ref" (func $spawn shared (param (shared funcref) i32) (result i32)))'
INDIRECT = '(import "component" "thread.spawn-indirect" (func $indirect shared (param i32 i32) (result i32)))'
PARALLEL = '(import "component" "thread.available-parallelism" (func $parallel shared (result i32)))'
GET = '(import "component" "context.get 0" (func $get shared (result i32)))'
SET = '(import "component" "context.set 0" (func $set shared (param i32)))'
IMPORTS = (SPAWN, INDIRECT, PARALLEL, GET, SET)
START = "(drop (call $spawn (ref.func $f) (i32.const 7)))"
AWAIT = "(loop $l (br_if $l (i32.eqz (local.tee $y (i32.atomic.load (i32.const 4))))))"


def component(*fields: str, profile: Profile = SHARED_EVERYTHING, imports: tuple[str, ...] = IMPORTS) -> Program:
    made = Instantiate("m", module(*imports, *fields, discipline=profile.typing), (None,) * len(imports))
    return Program("test", HostThread("T0", (made, Invoke("m", "main"))))


def main(*code: str) -> str:
    return f'(func (export "main") (local $r i32) (local $s i32) (local $y i32) {" ".join(code)})'


def f(*code: str) -> str:
    return f"(func $f shared (param $a i32) (local $r i32) {' '.join(code)})"


def test_b1_the_index_and_the_argument():
    spawning = main("(local.set $r (call $spawn (ref.func $f) (i32.const 7)))")
    made = component(MEMORY, f("(local.set $r (local.get $a))"), spawning)
    assert outcomes(SHARED_EVERYTHING, made, ("T0.r", "f.r")) == {(1, 7)}


@pytest.mark.parametrize("entry", ("(ref.null (shared func))", "(ref.func $g)"))
def test_b1_traps_in_the_caller(entry: str):
    made = component(MEMORY, f(), "(func $g shared)", main(f"(drop (call $spawn {entry} (i32.const 0)))"))
    assert outcomes(SHARED_EVERYTHING, made, ("T0", "f")) == {("trap", None)}


@pytest.mark.parametrize(("index", "end"), ((0, "done"), (1, "trap"), (2, "trap"), (3, "trap")))
def test_b2_takes_an_entry_of_the_table(index: int, end: str):
    """Null, of another type, out of bounds."""
    made = component(
        MEMORY, "(table shared 3 (shared funcref)) (func $g shared)", f("(local.set $r (local.get $a))"),
        "(elem (i32.const 0) shared (shared funcref) (ref.func $f) (ref.func $g))",
        main(f"(local.set $r (call $indirect (i32.const {index}) (i32.const 5)))"),
    )  # fmt: skip
    assert outcomes(SHARED_EVERYTHING, made, ("T0", "T0.r", "f.r")) == {
        ("done", 1, 5) if end == "done" else ("trap", 0, None)
    }


def test_b2_without_a_table():
    made = component(MEMORY, f(), main("(drop (call $indirect (i32.const 0) (i32.const 5)))"))
    assert outcomes(SHARED_EVERYTHING, made, ("T0",)) == {("trap",)}


def test_b3_and_the_deterministic_profile():
    """DEC 22: an index of at least 1; or 0, and no thread."""
    made = component(
        MEMORY, f("(i32.store (i32.const 0) (i32.const 1))"),
        main("(local.set $r (call $spawn (ref.func $f) (i32.const 7)))", "(local.set $s (call $parallel))"),
    )  # fmt: skip
    assert outcomes(SHARED_EVERYTHING, made, ("T0.r", "T0.s", "f")) == {(1, 2, "done")}
    deterministic = replace(SHARED_EVERYTHING, deterministic=True)
    assert outcomes(deterministic, made, ("T0.r", "T0.s", "f")) == {(0, 1, None)}


def test_the_context_of_a_fresh_thread_is_zero():
    made = component(
        MEMORY, f("(local.set $r (call $get)) (call $set (i32.const 9))"),
        main("(call $set (i32.const 5))", START, "(local.set $r (call $get))"),
    )  # fmt: skip
    assert outcomes(SHARED_EVERYTHING, made, ("T0.r", "f.r")) == {(5, 0)}


def test_other_types_do_not_link():
    wrong = '(import "component" "thread.index" (func (result i64)))'
    with pytest.raises(LinkError, match="incompatible import type"):
        explore(component(main(), imports=(wrong,)), profile=SHARED_EVERYTHING)
    cooperative = '(import "component" "thread.yield" (func (result i32)))'
    with pytest.raises(LinkError, match="unknown import"):
        explore(component(main(), imports=(cooperative,)), profile=SHARED_EVERYTHING)


# --- programs -----------------------------------------------------------------------------------
L2 = (MEMORY, f("(i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10)))"),
      main("(global.set $g (i32.const 1))", START, AWAIT))  # fmt: skip
L3 = (MEMORY, f("(local.set $r (global.get $g))"), main(START, "(global.set $g (i32.const 1))"))


def test_12a_private_before_and_after():
    def g(share: str) -> str:
        return f"(global $g {share} (mut i32) (i32.const 0))"

    with pytest.raises(Invalid) as found:
        component(g(""), *L2)
    assert found.value.rule == "T29"
    assert outcomes(SHARED_EVERYTHING, component(g("thread_local"), *L2), ("T0.y",)) == {(10,)}
    assert outcomes(SHARED_EVERYTHING, component(g("shared"), *L2), ("T0.y",)) == {(11,)}
    assert outcomes(SHARED_EVERYTHING, component(g("thread_local"), *L3), ("f.r",)) == {(0,)}
    assert outcomes(SHARED_EVERYTHING, component(g("shared"), *L3), ("f.r",)) == {(0,), (1,)}


X = "(global $x shared (mut i32) (i32.const 0)) (global $flag shared (mut i32) (i32.const 0))"


@pytest.mark.parametrize("order", ("acq_rel", "seq_cst"))
def test_12c_message_passing_and_store_buffering(order: str):
    writer = func("P0", f"(global.set $x (i32.const 1)) (global.atomic.set {order} $flag (i32.const 1))")
    reader = func("P1", "(local $f i32) (local $r i32)",
                  f"(local.set $f (global.atomic.get {order} $flag)) (local.set $r (global.get $x))")  # fmt: skip
    found = results(SHARED_EVERYTHING, MEMORY, X, writer, reader, threads=("P0", "P1"), show=("P1.f", "P1.r"))
    assert found == {(0, 0), (0, 1), (1, 1)}
    one, other = "$x", "$flag"
    code = f"(global.atomic.set {order} {{}} (i32.const 1)) (local.set $r (global.atomic.get {order} {{}}))"
    code = "(local $r i32)" + code
    found = results(
        SHARED_EVERYTHING, MEMORY, X, func("P0", code.format(one, other)), func("P1", code.format(other, one)),
        threads=("P0", "P1"), show=("P0.r", "P1.r"),
    )  # fmt: skip
    assert ((0, 0) in found) == (order == "acq_rel")


def test_12e_traps_end_everything():
    """L8 and L9; a killed thread shows its status alone."""
    made = component(MEMORY, f("unreachable"), main(START, "(local.set $r (i32.const 5))"))
    assert outcomes(SHARED_EVERYTHING, made, ("T0", "T0.r", "f")) == {("done", 5, "trap"), ("killed", None, "trap")}
    wait = "(drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))"
    waiting = component(MEMORY, f(wait), main(START))
    assert outcomes(SHARED_EVERYTHING, waiting, ("T0", "f")) == {("done", "blocked")}
    isolated = replace(SHARED_EVERYTHING, trap="isolate")
    assert outcomes(isolated, made, ("T0", "T0.r", "f")) == {("done", 5, "trap")}


def test_12f_a_dropped_segment():
    init = "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (local.set $r (i32.const 1))"
    fields = (MEMORY, '(data $d shared "a")', f(init), main("(data.drop $d)", START))
    assert {end for end, _ in outcomes(SHARED_EVERYTHING, component(*fields), ("f", "T0"))} == {"trap"}
    lenient = replace(SHARED_EVERYTHING, seg="nop")
    assert outcomes(lenient, component(*fields), ("f", "f.r")) == {("done", 1)}
    with pytest.raises(Invalid):
        component(*(x.replace('$d shared "a"', '$d "a"') for x in fields))


def test_what_is_shared_is_initialised_by_what_is_shared():
    local = '(import "m" "g" (global $g i32))'
    code = "(global shared i32 (global.get $g))"
    refused("may not use local global \\$g", local, code, rule="T29")
    module(local, code, discipline=replace(TYPING, body="relaxed"))
    module(local.replace("i32", "shared i32"), code, discipline=TYPING)
    module(local, code.replace("shared", ""), discipline=TYPING)


def test_globals_do_not_tear_and_plain_accesses_of_memory_may():
    """DEC 21: two writes, of 1s and of 2s in two bytes. An access of 64 bits, or of a float, may show one byte of each;
    the switch is the model's (option notears) and speaks of memory alone."""
    wide, narrow = (0x1_0000_0001, 0x2_0000_0002), (0x101, 0x202)

    def seen(written: tuple[int, int], store: str, load: str, model: str = "") -> set[object]:
        """Whether one byte of each may be read."""
        threads = (func(f"P{i}", store.format(v)) for i, v in enumerate(written))
        fields = MEMORY, "(global $g shared (mut i64) (i64.const 0))", *threads
        reader = func("R", f"(local $r i64) (local.set $r {load})")
        found = results(SHARED_EVERYTHING, *fields, reader, threads=("P0", "P1", "R"), show=("R.r",), model=model)
        assert {(0,), *((v,) for v in written)} <= found
        one, two = (v & -v for v in written)
        return {r for (r,) in found if r in (written[0] - one + two, written[1] - two + one)}

    assert not seen(wide, "(global.set $g (i64.const {}))", "(global.get $g)")
    assert len(seen(wide, "(i64.store (i32.const 0) (i64.const {}))", "(i64.load (i32.const 0))")) == 2
    load = "(i64.extend_i32_u (i32.load (i32.const 0)))"
    assert not seen(narrow, "(i32.store (i32.const 0) (i32.const {}))", load)
    store = "(f32.store (i32.const 0) (f32.reinterpret_i32 (i32.const {})))"
    load = "(i64.extend_i32_u (i32.reinterpret_f32 (f32.load (i32.const 0))))"
    assert len(seen(narrow, store, load, "wasm-threads")) == 2
    assert not seen(narrow, store, load, "wasm-threads[-notears]")
