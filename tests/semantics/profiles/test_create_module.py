"""P4: thread.create on a module reference and import values (systems.md B.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.profiles.create_module import (
    CREATE_MODULE,
    CREATE_MODULE_DYNAMIC,
    ThreadCreateMod,
    thread_create_mod_mismatch,
    thread_create_mod_ok,
)
from semantics.profiles.fork import FORK
from semantics.profiles.fork_refs import FORK_REFS
from semantics.reduction.fig22_instantiation import LINK_MISMATCH, instantiate
from semantics.reduction.run import SequentialStore
from semantics.runtime.configuration import ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.profile import Profile
from semantics.syntax.types import MODULEREF, SHARED_ANYREF
from tests.semantics.profiles.worked import MEM, inexpressible, outcomes, read, refused, valid

PARENT = replace(CREATE_MODULE, link_in="parent")
LOAD = """(module $w (import "" "" (memory 1 1 shared))
  (func $go (local $r i32) (local.set $r (i32.load (i32.const 0))))
  (start $go))"""
START = "(ref.module $w) (ref.memory $mem) (thread.create_mod 1)"
GLOBAL_WORKER = '(module $w (import "" "" (global (mut i32))) (func $go (global.set 0 (i32.const 1))) (start $go))'
LOCAL_GLOBAL = "(global $g (mut i32) (i32.const 0))"


# --- types ----------------------------------------------------------------------------------------
def test_a_module_reference_and_shared_externals() -> None:
    valid(CREATE_MODULE, MEM, LOAD, f"(func {START})", f"(func shared {START})")
    valid(CREATE_MODULE, LOAD, "(global shared (mut (shared moduleref)) (ref.null (shared module)))")
    valid(CREATE_MODULE, LOAD, "(func $f shared)", "(func (ref.module 0) (ref.func $f) (thread.create_mod 1))")
    rule = "thread.create_mod"
    refused(CREATE_MODULE, rule, "type mismatch", MEM, "(func (ref.memory 0) (ref.memory 0) (thread.create_mod 1))")
    refused(CREATE_MODULE, rule, "found i32", LOAD, "(func (ref.module 0) (i32.const 0) (thread.create_mod 1))")
    refused(CREATE_MODULE, rule, "type mismatch", LOAD, "(func (ref.module 0) (thread.create_mod 1))")
    valid(CREATE_MODULE, "(func unreachable (thread.create_mod 2))")


def test_4b_a_local_external_is_invalid() -> None:
    """T4: local anyref where shared anyref is expected (DEC 13)."""
    fields = (LOCAL_GLOBAL, GLOBAL_WORKER, "(func (ref.module $w) (ref.global $g) (thread.create_mod 1))")
    refused(CREATE_MODULE, "thread.create_mod", "needs shared externals, found externref", *fields)
    valid(CREATE_MODULE_DYNAMIC, *fields)


def test_the_nested_module_is_validated() -> None:
    bad = "(module $w (func i32.const 0))"
    refused(CREATE_MODULE, "T30", "type mismatch", bad, "(func (drop (ref.module $w)))")


def test_other_designs_refuse() -> None:
    for profile in (FORK, FORK_REFS):
        inexpressible(profile, "module references", LOAD, "(func (drop (ref.module $w)))")
        inexpressible(profile, "thread.create_mod", "(func unreachable (thread.create_mod 0))")
    inexpressible(CREATE_MODULE, "fork", "(func $f shared)", "(func (fork $f))")


# --- rules ----------------------------------------------------------------------------------------
def world(profile: Profile) -> tuple[SequentialStore, Frame, int, tuple[int, int]]:
    """A store, a frame, the address of the code LOAD, those of a memory that fits it and of one that does not."""
    made = read(MEM, "(memory 1)", LOAD)
    oracle = SequentialStore(profile)
    instance = instantiate(oracle.store, made, ()).instance
    return oracle, Frame(instance, ()), oracle.store.code(made.modules[0]), (instance.mems[0], instance.mems[1])


def operands(code: int, *externals: int) -> tuple[Value, ...]:
    return (Value(MODULEREF, code), *(Value(SHARED_ANYREF, a) for a in externals))


def test_the_child_links_by_default() -> None:
    """CM1: spawn' ((ref a)^n (instantiate mod)), no memory action; a mismatch is the child's (DEC 14)."""
    oracle, frame, code, (good, bad) = world(CREATE_MODULE)
    for external in (good, bad, 0):
        step = thread_create_mod_ok(frame, operands(code, external), ThreadCreateMod(1), oracle)
        assert isinstance(step, Step) and isinstance(step.then, ForkPrime)
        assert step.actions == () and step.then.body is not None and step.then.shown is not None
        assert [v.term for v in step.then.body.operands] == [external]
        assert step.then.shown.binding == "$go"
    step = thread_create_mod_ok(frame, operands(code, good, good), ThreadCreateMod(2), oracle)
    assert isinstance(step, Step) and isinstance(step.then, ForkPrime) and step.then.body is not None
    assert step.then.body.pending == Trap(LINK_MISMATCH)


@pytest.mark.parametrize(
    ("profile", "which", "reason"),
    [
        (PARENT, (1,), LINK_MISMATCH),  # another attribute
        (PARENT, (), LINK_MISMATCH),  # another number
        (CREATE_MODULE_DYNAMIC, (1,), "a local external for another thread"),
    ],
)
def test_what_traps_in_the_parent(profile: Profile, which: tuple[int, ...], reason: str) -> None:
    oracle, frame, code, memories = world(profile)
    given = operands(code, *(memories[i] for i in which))
    assert thread_create_mod_ok(frame, given, ThreadCreateMod(len(which)), oracle) is None
    assert thread_create_mod_mismatch(frame, given, ThreadCreateMod(len(which)), oracle) == Step((), Trap(reason))


@pytest.mark.parametrize("profile", [CREATE_MODULE, CREATE_MODULE_DYNAMIC, PARENT], ids=("static", "dynamic", "parent"))
def test_null_code_traps_in_the_parent(profile: Profile) -> None:
    oracle, frame, _, (good, _) = world(profile)
    assert thread_create_mod_ok(frame, operands(0, good), ThreadCreateMod(1), oracle) is None
    step = thread_create_mod_mismatch(frame, operands(0, good), ThreadCreateMod(1), oracle)
    assert step == Step((), Trap("null module reference"))


# --- outcomes -------------------------------------------------------------------------------------
def test_4a_spawning_synchronises() -> None:
    """L1: r = 1, by the spawn edge. The start function is the thread: its named locals are the registers."""
    body = f'(func (export "T0") (i32.store (i32.const 0) (i32.const 1)) {START})'
    assert outcomes(CREATE_MODULE, MEM, LOAD, body) == {"r=1 T0=done go=done"}


def test_4a_after_the_spawn_nothing_is_ordered() -> None:
    body = f'(func (export "T0") {START} (i32.store (i32.const 0) (i32.const 1)))'
    assert outcomes(CREATE_MODULE, MEM, LOAD, body) == {"r=0 T0=done go=done", "r=1 T0=done go=done"}


def test_4b_dynamic_check() -> None:
    """4-dyn (DEC 13): the same program is valid, and the caller traps: there is no child."""
    body = '(func (export "T0") (ref.module $w) (ref.global $g) (thread.create_mod 1))'
    assert outcomes(CREATE_MODULE_DYNAMIC, LOCAL_GLOBAL, GLOBAL_WORKER, body) == {"T0=trap"}


@pytest.mark.parametrize("segment", [False, True])
def test_4c_code_that_initialises_and_code_that_runs(segment: bool) -> None:
    """L4: only a child whose own module has the active segment replays it, unsynchronised."""
    data = '(data (i32.const 0) "\\07\\00\\00\\00")' if segment else ""
    worker = f"""(module $w (import "" "" (memory 1 1 shared)) {data}
      (func $go (i32.atomic.store (i32.const 4) (i32.const 1))) (start $go))"""
    found = outcomes(
        CREATE_MODULE,
        MEM,
        '(data (memory 0) (i32.const 0) "\\07\\00\\00\\00")',
        worker,
        f'(func (export "T0") (local $r i32) (i32.store (i32.const 0) (i32.const 1)) {START}',
        "(local.set $r (i32.load (i32.const 0))))",
        show="r",
    )
    assert found == ({"r=1", "r=7"} if segment else {"r=1"})


@pytest.mark.parametrize(
    ("profile", "expected"), [(CREATE_MODULE, "T0=done go=trap"), (PARENT, "T0=trap")], ids=("child", "parent")
)
def test_where_a_link_error_traps(profile: Profile, expected: str) -> None:
    """DEC 14."""
    small = "(memory $mem 0 1 shared)"
    assert outcomes(profile, small, LOAD, f'(func (export "T0") {START})') == {expected}
    none = '(func (export "T0") (ref.module $w) (thread.create_mod 0))'
    assert outcomes(profile, small, LOAD, none) == {expected}


def test_every_thread_has_an_instance_of_its_own() -> None:
    """A counter in the module counts one thread each: never 2. Values travel in fresh shared globals."""
    worker = """(module $w (import "" "" (memory 1 1 shared)) (import "" "" (global $in shared (mut i32)))
      (global $l (mut i32) (i32.const 0))
      (func $go (local $n i32) (global.set $l (i32.add (global.get $l) (i32.const 1)))
        (local.set $n (i32.add (global.get $in) (global.get $l))))
      (start $go))"""
    found = outcomes(
        CREATE_MODULE,
        MEM,
        worker,
        '(module $cell (global (export "c") shared (mut i32) (i32.const 40)))',
        '(func (export "T0")',
        "(ref.module $w) (ref.memory 0) (instantiate $cell) (thread.create_mod 2)",
        "(ref.module $w) (ref.memory 0) (instantiate $cell) (thread.create_mod 2))",
    )
    assert found == {"n=41 n=41 T0=done go=done go#2=done"}


def test_exports_and_no_start() -> None:
    """The child drops what instantiation gives; a module without a start function ends at once."""
    idle = '(module $w (memory (export "a") 1) (func (export "f") unreachable))'
    body = '(func (export "T0") (ref.module $w) (thread.create_mod 0))'
    assert outcomes(CREATE_MODULE, idle, body) == {"T0=done w=done"}
    started = '(module $w (memory (export "a") 1) (func $go (local $r i32) (local.set $r (i32.const 3))) (start $go))'
    assert outcomes(CREATE_MODULE, started, body) == {"r=3 T0=done go=done"}
