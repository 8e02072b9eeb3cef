"""X4 in both directions: programs 4a and 4c (systems.md B.4), and what separates where a hypothesis is dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import Compared, check
from semantics.diagnostics import NotExpressible
from semantics.encodings import ENCODINGS, Encoding
from semantics.encodings.rewriting import modules_of, replaced, translated
from semantics.exploration.program import HostThread, Program, Spawn
from semantics.profiles.create_module import RefModule, ThreadCreateMod
from semantics.syntax.instructions import Call, Expr, Fork, Instantiate, Instr
from semantics.syntax.modules import Module
from semantics.validation import validate
from tests.semantics.encodings.compared import LIMITS, compared, program
from tests.semantics.profiles.hosted import shown

BOOT, LIFT = ENCODINGS["X4"], ENCODINGS["X4-fork-refs"]
R = "(local $r i32) (local $s i32)"
STORE_X = "(i32.store (i32.const 0) (i32.const 1))"
LOAD_X = "(local.set $r (i32.load (i32.const 0)))"


def main(*body: str) -> str:
    return f'(func (export "main") {R} {" ".join(body)})'


def equal(encoding: Encoding, *fields: str) -> Compared:
    assert encoding.outside(program(encoding, *fields)) == ""
    found = compared(encoding, *fields)
    assert found.equal
    return found


# --- from P4 --------------------------------------------------------------------------------------
CREATE = "(ref.module $w) (ref.memory 0) (thread.create_mod 1)"


def worker(*fields: str) -> str:
    return f'(module $w (import "" "" (memory 1 2 shared)) {" ".join(fields)})'


def test_4a() -> None:
    """L1: what is before the creation is seen; what is after it, perhaps."""
    thread = worker("(func $go (i32.store (i32.const 4) (i32.load (i32.const 0)))) (start $go)")
    assert shown(equal(BOOT, thread, main(STORE_X, CREATE)).target, "y") == {(1,)}
    assert shown(equal(BOOT, thread, main(CREATE, STORE_X)).target, "y") == {(0,), (1,)}


@pytest.mark.parametrize("segment", (False, True))
def test_4c(segment: bool) -> None:
    """L4: only a module that has the segment lays it down again."""
    data = '(data (i32.const 0) "\\07\\00\\00\\00")'
    thread = worker(data if segment else "", "(func $go) (start $go)")
    found = equal(BOOT, thread, data, main(STORE_X, CREATE, LOAD_X))
    assert shown(found.target, "main:r") == ({(1,), (7,)} if segment else {(1,)})


def test_threads_of_threads() -> None:
    """A nested module has modules of its own; code instantiates one that creates threads."""
    inner = (
        '(module $v (import "" "" (memory 1 2 shared)) (func $go (i32.store (i32.const 4) (i32.const 1))) (start $go))'
    )
    create = "(ref.module $v) (ref.memory 0) (thread.create_mod 1)"
    thread = worker(inner, f"(func $go {STORE_X} {create}) (start $go)")
    for made in (CREATE, "(ref.memory 0) (instantiate $w)"):
        assert shown(equal(BOOT, thread, main(made)).target, "x", "y") == {(1, 1)}


@pytest.mark.parametrize(
    "externals",
    (
        "(thread.create_mod 0)",
        "(ref.memory 0) (ref.memory 0) (thread.create_mod 2)",
        "(ref.func $f) (thread.create_mod 1)",
        "(ref.null (shared any)) (thread.create_mod 1)",
        "(ref.global $g) (thread.create_mod 1)",
    ),
)
def test_the_thread_traps_where_it_cannot_be_linked(externals: str) -> None:
    thread = worker(f"(func $go {STORE_X}) (start $go)")
    own = "(func $f shared) (global $g shared i32 (i32.const 0))"
    assert traps(thread, own, main(f"(ref.module $w) {externals}"))


def traps(*fields: str) -> bool:
    """Whether the thread traps before it does anything, on both sides."""
    equal(BOOT, *fields)
    found = compared(replace(BOOT, compare="whole"), *fields)
    ends = [shown(side, "x", "main", thread) for side, thread in ((found.source, "go"), (found.target, "boot"))]
    return ends == [{(0, "done", "trap")}] * 2


def test_externals_of_all_origins() -> None:
    """Of definitions, variables, tables, functions and instances; a local import is never linked."""
    cell = '(module $cell (global (export "c") shared (mut i32) (i32.const 40)))'
    two = '(import "" "" (global $a shared (mut i32))) (import "" "" (global $b shared (mut i32)))'
    sum = "(i32.store (i32.const 0) (i32.add (global.get $a) (global.get $b)))"
    fields = (
        worker(two, f"(func $go {sum}) (start $go)"), cell,
        "(global $c shared (mut i32) (i32.const 2))",
        "(global $kept shared (mut (shared anyref)) (ref.null (shared any)))",
        "(table $t shared 1 (shared anyref))",
        "(func $give shared (result (shared anyref)) (instantiate $cell))",
    )  # fmt: skip
    fill = "(global.set $kept (ref.global $c)) (table.set $t (i32.const 0) (ref.global $c))"
    for one in ("(ref.global $c)", "(global.get $kept)", "(table.get $t (i32.const 0))"):
        for other in ("(instantiate $cell)", "(call $give)"):
            create = f"(ref.module $w) (local.get 2) {one} {other} (thread.create_mod 3)"
            body = f'(func (export "main") {R} (local (shared anyref)) {fill} (local.set 2 (ref.memory 0)) {create})'
            assert shown(equal(BOOT, *fields, body).target, "x") == {(42,)}
    local = '(module $w (import "" "" (global (mut i32))) (func $go) (start $go))'
    assert traps(local, fields[2], main("(ref.module $w) (ref.global $c) (thread.create_mod 1)"))


def test_where_a_link_error_traps() -> None:
    """DEC 14: where the creator links, it traps; encoded, the thread."""
    fields = (worker("(func $go) (start $go)"), main("(ref.module $w) (thread.create_mod 0)"))
    parent = replace(BOOT, source=replace(BOOT.source, link_in="parent"))
    found = compared(parent, *fields)
    assert (shown(found.source, "main"), shown(found.target, "main")) == ({("trap",)}, {("done",)})


@pytest.mark.parametrize(
    "fields",
    (
        (main("(drop (ref.module $w))"),),
        (main("(ref.null (shared module)) (thread.create_mod 0)"),),
        (main("(if (result (shared moduleref)) (local.get $r) (then (ref.module $w)) (else (ref.module $w)))"
              " (ref.memory 0) (thread.create_mod 1)"),),
        ("(global shared (mut (shared moduleref)) (ref.null (shared module)))", main()),
        ('(module $v (module $u) (func (drop (ref.module $u))))', main("(instantiate $v)")),
    ),
)  # fmt: skip
def test_a_module_reference_elsewhere(fields: tuple[str, ...]) -> None:
    """P5b has none."""
    made = program(BOOT, worker(), *fields)
    assert BOOT.outside(made) == "a module reference that is not in place"
    [_, module] = modules_of(BOOT.translate(made))
    with pytest.raises(NotExpressible):
        validate(module, BOOT.target.typing)


def called(program: Program) -> Program:
    """A broken twin: who creates a thread runs it."""

    def step(e: Instr, _depth: int) -> Expr:
        return (Call(e.func),) if isinstance(e, Fork) else (e,)

    return translated(BOOT.translate(program), lambda module: replaced(module, step))


def test_a_creator_that_runs_the_module_is_caught() -> None:
    assert check(replace(BOOT, translate=called), 40, limits=LIMITS).holds is False


# --- from P5b -------------------------------------------------------------------------------------
def f(*body: str, params: str = "") -> str:
    return f"(func $f shared {params} {R} {' '.join(body)})"


def test_arguments_and_definitions_of_every_kind() -> None:
    """Numbers and references are passed, memories, tables and globals are those of the creator."""
    found = equal(
        LIFT,
        "(memory $own 1 1 shared) (table $t shared 1 (shared anyref)) (global $g shared (mut i64) (i64.const 0))",
        "(global $local (mut i32) (i32.const 9)) (type $n (shared (func (result i32))))",
        "(table $code shared 1 (shared funcref))",
        "(elem (table $code) (i32.const 0) (shared funcref) (ref.func $seven)) (func $seven (type $n) (i32.const 7))",
        main("(table.set $t (i32.const 0) (ref.memory $own)) (global.set $g (i64.const 5))",
             "(i32.store $own (i32.const 0) (i32.const 3))",
             "(fork $f (i32.const 1) (i64.const 2) (ref.global $g) (ref.func $seven))"),
        f("(local.set $r (ref.is_null (table.get $t (i32.const 0))))",
          "(local.set $s (i32.add (local.get $a) (call_indirect $code (type $n) (i32.const 0))))",
          "(i32.store (i32.const 0) (i32.add (local.get $s) (i32.load $own (i32.const 0))))",
          "(i32.store (i32.const 4) (i32.wrap_i64 (i64.add (local.get $b) (global.get $g))))",
          "(table.set $code (i32.const 0) (local.get 3))",
          params="(param $a i32) (param $b i64) (param (shared anyref) (shared funcref))"),
    )  # fmt: skip
    assert shown(found.target, "x", "y", "f:a", "f:b", "f:r") == {(11, 7, 1, 2, 0)}


def test_l7() -> None:
    """A function that is known by reference, in a shared table: nobody can tell that it runs in another instance."""
    found = equal(
        LIFT,
        f"(type $v (shared (func))) (table $t shared 1 (shared funcref)) (func $h shared {STORE_X})",
        main("(table.set $t (i32.const 0) (ref.func $h))", "(fork $f)"),
        f("(call_indirect $t (type $v) (i32.const 0))"),
    )
    assert shown(found.target, "f", "x") == {("done", 1)}


def test_threads_that_fork_and_return_early() -> None:
    """Each has a module, with what its threads' modules need; calls may be recursive."""
    found = equal(
        LIFT,
        main("(fork $f (i32.const 2))", "(fork $f (i32.const 0))"),
        f("(if (local.get $a) (then (fork $g (local.get $a)) (return)))", STORE_X, params="(param $a i32)"),
        "(func $g shared (param $a i32) (i32.store (i32.const 4) (i32.add (local.get $a) (call $sum (i32.const 2)))))",
        "(func $sum shared (param $n i32) (result i32) (if (result i32) (local.get $n) (then"
        " (i32.add (local.get $n) (call $sum (i32.sub (local.get $n) (i32.const 1))))) (else (i32.const 0))))",
    )
    assert shown(found.target, "x", "y", "g") == {(1, 5, "done")}
    [_, module] = modules_of(found.translation)
    assert not any(isinstance(e, Fork) for m in (module, *module.modules) for g in m.funcs for e in g.body)


FORKS_BY_REFERENCE = (
    "(type $v (shared (func (param i32)))) (table $t shared 1 (shared funcref))",
    "(elem (table $t) (i32.const 0) (shared funcref) (ref.func $h))",
    "(func $h shared (param i32) (fork $k (local.get 0)))",
    "(func $k shared (param $a i32) (drop (i32.atomic.rmw.add (i32.const 0) (local.get $a))))",
)
BY_REFERENCE = "a function that is known by reference and forks, or may do so"


def test_a_function_by_reference_that_forks() -> None:
    """It runs in the instance of who made the reference, in two threads: they overwrite each other's arguments."""
    call = "(call_indirect $t (type $v) ({}) (i32.const 0))"
    fields = (*FORKS_BY_REFERENCE, main("(fork $f)", call.format("i32.const 1")), f(call.format("i32.const 2")))
    assert LIFT.outside(program(LIFT, *fields)) == BY_REFERENCE
    found = compared(LIFT, *fields)
    assert shown(found.source, "x") == {(3,)}
    assert shown(found.target, "x") == {(2,), (3,), (4,)}


def test_a_host_that_starts_threads() -> None:
    """They run one instance, too."""
    made = program(LIFT, main("(fork $f)"), f())
    other = HostThread("other", (made.main.commands[-1],))
    made = replace(made, main=replace(made.main, commands=(*made.main.commands, Spawn(other))))
    assert LIFT.outside(made) == "the host starts threads"


def test_l6() -> None:
    """A segment is copied with the code: as it is the thread's, it is not dropped."""
    fields = (
        '(data $d "\\01")',
        main("(data.drop $d)", "(fork $f)"),
        f("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))"),
    )
    reason = "a thread that uses a segment which is not passive data, or which is dropped"
    assert LIFT.outside(program(LIFT, *fields)) == reason
    found = compared(LIFT, *fields)
    assert shown(found.source, "f") == {("trap",)}
    assert shown(found.target, "f") == {("done",)}
    equal(LIFT, fields[0], main("(fork $f)"), fields[2])
    elem = "(table $t shared 1 (shared funcref)) (elem $e (shared funcref) (ref.func $g)) (func $g shared)"
    init = f("(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))")
    assert LIFT.outside(program(LIFT, elem, main("(fork $f)"), init)) == reason


OUTSIDE = {
    "a thread that forks its like": (
        (main("(fork $f (i32.const 1))"), f("(fork $f (i32.const 1))", params="(param i32)")),
        (main("(fork $f)"), f("(call $h)"), "(func $h shared (fork $g))", "(func $g shared (call $h))"),
        (main("(fork $f)"), f("(fork $g)"), "(func $g shared (fork $f))"),
    ),
    "a thread that calls an imported function": (
        ('(import "N" "h" (func $h shared))', main("(fork $f)"), f("(call $h)")),
    ),
    BY_REFERENCE: (
        ('(import "N" "h" (func $h shared))', main("(drop (ref.func $h))")),
        ("(global (shared funcref) (ref.func $f))", main(), f("(call $h)"), "(func $h shared (fork $g))",
         "(func $g shared)"),
    ),
    "code instantiates a module that forks": (
        ("(module $n (func $f shared) (func (fork $f)))", main("(instantiate $n)")),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reason", "fields"), [(r, f) for r, programs in OUTSIDE.items() for f in programs])
def test_what_has_no_translation(reason: str, fields: tuple[str, ...]) -> None:
    """Modules are closed: none contains itself, or what another one has."""
    assert LIFT.outside(program(LIFT, *fields)) == reason


def without_copies(program: Program) -> Program:
    """A broken twin: threads read their arguments where their creator writes them."""

    def step(e: Instr, _depth: int) -> Expr:
        match e:
            case RefModule(module):
                return (replace(e, module=change(module)),)
            case Instantiate(module) if module.binding is None:
                return ()
        return (e,)

    def change(module: Module) -> Module:
        made = replaced(module, step)
        return replace(made, modules=tuple(map(change, module.modules)))

    return translated(LIFT.translate(program), change)


def test_arguments_that_are_overwritten_are_caught() -> None:
    assert check(replace(LIFT, translate=without_copies), 40, limits=LIMITS).holds is False


def test_the_random_programs_are_not_poor() -> None:
    """Threads of threads occur, and arguments that are references."""
    from random import Random

    deep = references = 0
    for number in range(40):
        [_, module] = modules_of(LIFT.translate(LIFT.generate(Random(number))))
        creating = [m for m in module.modules for g in m.funcs for e in g.body if isinstance(e, ThreadCreateMod)]
        deep += bool(creating)
        references += any(e.count > 4 for g in module.funcs for e in g.body if isinstance(e, ThreadCreateMod))
    assert deep > 5
    assert references > 5
