"""P6(D): host imports and opaque handle types over any discipline (systems.md B.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import LinkError
from semantics.profiles.create import CREATE, CREATE_HANDLE, CREATE_UNCHECKED
from semantics.profiles.create_module import CREATE_MODULE
from semantics.profiles.embed import (
    EMBED,
    EMBED_CREATE_MODULE,
    EMBED_CREATE_UNCHECKED,
    EMBED_HANDLE,
    EMBED_WAVM_CLONE,
    EMBED_WEB,
    SpawnAgain,
    SpawnFunc,
    embed,
    spawn_func_fail,
    spawn_func_ok,
)
from semantics.profiles.fork import FORK
from semantics.profiles.handle import HANDLE
from semantics.profiles.wasi import WASI
from semantics.profiles.wavm import WAVM
from semantics.reduction.fig22_instantiation import instantiate
from semantics.reduction.hosts import host_function
from semantics.reduction.run import SequentialStore
from semantics.runtime.configuration import ForkPrime, Frame, Step, Trap, Value
from semantics.runtime.profile import Profile
from semantics.syntax.types import FUNCREF, I32, I64, FuncType, Share, ValType
from tests.semantics.profiles.hosted import AWAIT
from tests.semantics.profiles.hosted import outcomes as hosted
from tests.semantics.profiles.worked import (
    MEM,
    brute_outcomes,
    inexpressible,
    outcomes,
    read,
    refused,
    structure_of,
    valid,
)

TYPE = '(import "thread" "handle" (type $h opaque))'
SPAWN = '(import "thread" "spawn_func" (func $spawn (param funcref) (result (ref null $h))))'
SHARED_SPAWN = SPAWN.replace("(param funcref)", "(param (shared funcref))")
JOIN = '(import "thread" "join" (func $join (param (ref null $h))))'
EVERY = [EMBED, EMBED_CREATE_UNCHECKED, EMBED_HANDLE, EMBED_WEB]
STORE = "(func $f shared (i32.store (i32.const 0) (i32.const 1)))"
LOCAL_STORE = "(func $f (i32.store (i32.const 0) (i32.const 1)))"
DECLARED = "(elem declare func $f)"


def main(*body: str) -> str:
    return f'(func (export "T0") (local $r i32) {" ".join(body)})'


# --- types ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("profile", EVERY, ids=lambda p: p.name)
def test_no_premise_speaks_of_threads(profile: Profile) -> None:
    """Local functions and local state may be spawned, as far as types go: V is never invalid for sharing."""
    local = "(global $g (mut i32) (i32.const 0)) (func $f (global.set $g (i32.const 1)))"
    valid(profile, TYPE, SPAWN, local, DECLARED, "(func (drop (call $spawn (ref.func $f))))")
    types = TYPE, SPAWN, "(global (mut (ref null $h)) (ref.null $h))"
    valid(profile, *types, "(func (param (ref null $h)) (result i32) (ref.is_null (local.get 0)))")
    refused(profile, "T12", "type mismatch", TYPE, JOIN, "(func (param externref) (call $join (local.get 0)))")
    refused(profile, "T30", "type mismatch", TYPE, '(import "a" "b" (type $k opaque))',
            "(func (param (ref null $h)) (result (ref null $k)) (local.get 0))")  # fmt: skip
    inexpressible(profile, "fork", "(func $f)", "(func (fork $f))")


def test_two_imports_of_a_name_are_one_type() -> None:
    again = '(import "thread" "handle" (type $k opaque))'
    valid(EMBED, TYPE, again, "(func (param (ref null $h)) (result (ref null $k)) (local.get 0))")


def test_other_designs_refuse() -> None:
    for profile in (FORK, CREATE, HANDLE):
        inexpressible(profile, "imported types", TYPE)


# --- linking --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("profile", "imports", "words"),
    [
        (EMBED, (TYPE, SPAWN, JOIN), 'unknown import "thread" "join"'),
        (EMBED_CREATE_UNCHECKED, (TYPE, SPAWN, JOIN), 'unknown import "thread" "join"'),
        (EMBED, ('(import "thread" "task" (type opaque))',), 'unknown import "thread" "task"'),
        (
            EMBED,
            ('(import "thread" "spawn_func" (func (param i32) (result externref)))',),
            "first parameter is a funcref",
        ),
        (EMBED, ('(import "thread" "spawn_func" (func (param funcref)))',), "its result is a handle"),
        (EMBED_HANDLE, (TYPE, '(import "thread" "join" (func (param externref)))'), "its parameter is a handle"),
        (
            EMBED_HANDLE,
            (TYPE, '(import "thread" "await" (func (param (ref null $h)) (result i32)))'),
            "[handle i64] -> [i32]",
        ),
        (
            EMBED_HANDLE,
            (TYPE, '(import "thread" "cancel" (func (param (ref null $h)) (result i32)))'),
            "[handle] -> []",
        ),
    ],
)
def test_6c_what_the_embedder_lacks_is_a_link_error(profile: Profile, imports: tuple[str, ...], words: str) -> None:
    with pytest.raises(LinkError) as error:
        structure_of(profile, *imports, main())
    assert words in error.value.message
    assert error.value.span is not None


def test_6c_the_same_module_links_where_threads_have_handles() -> None:
    fields = (TYPE, SHARED_SPAWN, JOIN, MEM, STORE, main("(call $join (call $spawn (ref.func $f)))"))
    assert outcomes(EMBED_HANDLE, *fields) == {"r=0 T0=done f=done"}


# --- rules ----------------------------------------------------------------------------------------
def asked(profile: Profile, text: str, *given: ValType, null: bool = False) -> tuple[object, object]:
    """What the two rows say of spawning the function of a module with arguments of the given types."""
    oracle = SequentialStore(profile)
    instance = instantiate(oracle.store, read(text), ()).instance
    host = host_function(oracle.store, FuncType(Share.LOCAL, (FUNCREF, *given), (FUNCREF,)), SpawnFunc())
    frame = Frame(instance, (), oracle.store.func(host))
    operands = (Value(FUNCREF, 0 if null else instance.funcs[0]), *(Value(t, 7) for t in given))
    return (
        spawn_func_ok(frame, operands, SpawnFunc(), oracle),
        spawn_func_fail(frame, operands, SpawnFunc(), oracle),
    )


@pytest.mark.parametrize(
    ("profile", "text", "given", "reason"),
    [
        (EMBED, "(func shared (param i32))", (I32,), None),
        (EMBED, "(func (param i32))", (I32,), "the entry function of a thread is not shared"),
        (EMBED_CREATE_UNCHECKED, "(func (param i32))", (I32,), None),
        (EMBED_CREATE_UNCHECKED, "(func (param i32))", (I64,), "thread entry type mismatch"),
        (EMBED, "(func shared (result i32) i32.const 0)", (), "thread entry type mismatch"),
        (EMBED_HANDLE, "(func shared (result i32) i32.const 0)", (), None),
    ],
)
def test_who_may_be_spawned(profile: Profile, text: str, given: tuple[ValType, ...], reason: str | None) -> None:
    done, failed = asked(profile, text, *given)
    if reason is None:
        assert failed is None and isinstance(done, Step) and isinstance(done.then, ForkPrime)
        assert [v.term for v in done.then.arguments] == [7] * len(given)
        assert len(done.then.result) == 1 and done.then.result[0].term != 0
        assert bool(done.actions) == (profile is EMBED_HANDLE)  # DEC 16: what D's rule lists, and no more
    else:
        assert (done, failed) == (None, Step((), Trap(reason)))


@pytest.mark.parametrize("profile", [EMBED, EMBED_CREATE_UNCHECKED, EMBED_HANDLE], ids=lambda p: p.name)
def test_null_traps(profile: Profile) -> None:
    assert asked(profile, "(func shared)", null=True) == (None, Step((), Trap("null function reference")))


# --- outcomes -------------------------------------------------------------------------------------
L2 = (
    "(global $g (mut i32) (i32.const 0))",
    "(func $f (i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10))))",
    DECLARED,
)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (EMBED_WEB, {"y=10"}),
        (EMBED_CREATE_UNCHECKED, {"y=11"}),
        (EMBED_WAVM_CLONE, {"y=11"}),
        (embed(WAVM, check="none", name="embed-wavm"), {"y=10"}),
        (EMBED, {"y=0 T0=trap"}),
    ],
    ids=lambda p: p.name if isinstance(p, Profile) else "",
)
def test_6a_one_module_has_a_meaning_for_each_embedder(profile: Profile, expected: set[str]) -> None:
    """L2: the thread's own global (as it was made, or as the creator's is), the creator's, or a trap."""
    body = "(local $y i32) (global.set $g (i32.const 1)) (drop (call $spawn (ref.func $f)))"
    end = f"{AWAIT} (local.set $y (i32.atomic.load (i32.const 4)))"
    imports = f'{TYPE} {SPAWN} (import "env" "mem" (memory 1 1 shared))'
    text = f'(module {imports} {" ".join(L2)} (func (export "_start") {body} {end}))'
    found = hosted(profile, text)
    trapped = profile is EMBED
    assert {f"y={dict(o.values)['main', 'y']}" + " T0=trap" * trapped for o in found} == expected
    assert {dict(o.statuses)["main"].value for o in found} == {"trap" if trapped else "done"}


L12 = (
    TYPE,
    '(import "thread" "spawn_func" (func $spawn (param funcref funcref) (result (ref null $h))))',
    "(type $v (func)) (table $t 1 funcref) (global $k (mut i32) (i32.const 0))",
    "(func $touch (global.set $k (i32.const 5))) (elem declare func $touch $f)",
    "(func $f (param funcref) (local $r i32) (table.set $t (i32.const 0) (local.get 0))",
    "(call_indirect $t (type $v) (i32.const 0)) (local.set $r (global.get $k)))",
    '(func (export "T0") (drop (call $spawn (ref.func $f) (ref.func $touch))))',
)


def test_6b_a_function_that_touches_local_state() -> None:
    """L12: valid, and the caller traps as it runs, where P5 says invalid; unchecked, it runs."""
    assert outcomes(EMBED, *L12) == {"T0=trap"}
    assert outcomes(EMBED_CREATE_UNCHECKED, *L12) == {"r=5 T0=done f=done"}
    refused(FORK, "T6", "may not take a local funcref", "(func $f shared (param funcref))")


def test_functions_may_be_called_from_shared_code() -> None:
    """A shared import: the operation runs in the instance of its caller."""
    spawn = SHARED_SPAWN.replace("(func $spawn", "(func $spawn shared").replace("opaque", "shared opaque")
    type = TYPE.replace("opaque", "shared opaque")
    shared = spawn.replace("(ref null $h)", "(ref null $h)")
    found = outcomes(
        EMBED,
        type,
        shared,
        MEM,
        "(func $g shared (local $s i32) (local.set $s (i32.load (i32.const 0))))",
        "(func $f shared (i32.store (i32.const 0) (i32.const 1)) (drop (call $spawn (ref.func $g))))",
        main("(drop (call $spawn (ref.func $f)))"),
        show="s f g",
    )
    assert found == {"s=1 f=done g=done"}


def test_p6_simulates_its_discipline() -> None:
    """X11: P6(D) = D, on 7a, a trap, and a cancelled waiter."""
    start = '(func (export "T0") (local {0}) (local $r i32) (local.set 0 {1})'
    own = start.format("(shared threadref)", "(fork_h $f)") + " {0} (thread.join (local.get 0)) {1})"
    host = start.format("(ref null $h)", "(call $spawn (ref.func $f))") + " {0} (call $join (local.get 0)) {1})"
    cancel = '(import "thread" "cancel" (func $cancel (param (ref null $h))))'
    load = "(local.set $r (i32.load (i32.const 0)))"
    waits = "(func $f shared (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"
    for function, here, there in (
        (STORE, "", ""),
        ("(func $f shared unreachable)", "", ""),
        (waits, "", ""),
        (waits, "(thread.cancel (local.get 0))", "(call $cancel (local.get 0))"),
    ):
        wanted = outcomes(HANDLE, MEM, function, own.format(here, load))
        imports = (TYPE, SHARED_SPAWN, JOIN, cancel, MEM)
        assert outcomes(EMBED_HANDLE, *imports, function, host.format(there, load)) == wanted
        assert brute_outcomes(EMBED_HANDLE, *imports, function, host.format(there, load)) == wanted
        unord = replace(EMBED_HANDLE, handle_order="unord")
        assert (outcomes(unord, *imports, function, host.format(there, load)) == wanted) == (function is not STORE)


def test_join_gives_the_results_or_traps() -> None:
    answer = "(func $f shared (result i32) i32.const 42)"
    join = '(import "thread" "join" (func $join (param (ref null $h)) (result {0})))'
    body = main("(local.set $r ({0} (call $join (call $spawn (ref.func $f)))))")
    good = (TYPE, SHARED_SPAWN, join.format("i32"), answer, body.replace("{0}", "i32.add (i32.const 0)"))
    assert outcomes(EMBED_HANDLE, *good) == {"r=42 T0=done f=done"}
    bad = (TYPE, SHARED_SPAWN, join.format("i64"), answer, body.replace("{0}", "i32.wrap_i64"))
    assert outcomes(EMBED_HANDLE, *bad) == {"r=0 T0=trap f=done"}
    null = (TYPE, JOIN, main("(call $join (ref.null $h))"))
    assert outcomes(EMBED_HANDLE, *null) == {"r=0 T0=trap"}


def test_web_workers_take_what_can_be_cloned() -> None:
    spawn = '(import "thread" "spawn_func" (func $spawn (param funcref {0}) (result externref)))'
    f = "(func $f (param {0}) (local $s i32) (local.set $s (ref.is_null (local.get 0)))) (elem declare func $f)"
    for given, expected in (("(ref.null func)", "s=1 T0=done f=done"), ("(ref.func $f)", "T0=trap")):
        body = f'(func (export "T0") (drop (call $spawn (ref.func $f) {given})))'
        assert outcomes(EMBED_WEB, spawn.format("funcref"), f.format("funcref"), body) == {expected}


def test_every_discipline_may_be_embedded() -> None:
    """The functor is a function of the record: what it does not speak of stays D's."""
    made = embed(CREATE_UNCHECKED, check="dynamic", name="mine")
    assert (made.trap, made.own, made.typing.entry) == (CREATE_UNCHECKED.trap, CREATE_UNCHECKED.own, "dynamic")
    assert outcomes(made, *L12) == {"T0=trap"}
    with pytest.raises(ValueError, match="wasi makes instances in the parent"):
        embed(WASI, check="none", name="mine", spawn=SpawnAgain)


# --- variant 6b -----------------------------------------------------------------------------------
def test_thread_create_that_gives_an_imported_handle() -> None:
    """= 3 + handle of 7."""
    fields = (
        TYPE,
        JOIN,
        MEM,
        STORE,
        main("(call $join (thread.create $f))", "(local.set $r (i32.load (i32.const 0)))"),
    )
    assert outcomes(CREATE_HANDLE, *fields) == {"r=1 T0=done f=done"}
    assert outcomes(replace(CREATE_HANDLE, handle_order="unord"), *fields) == {
        "r=0 T0=done f=done",
        "r=1 T0=done f=done",
    }
    refused(
        CREATE_HANDLE,
        "thread.create",
        "its type is not imported",
        STORE.replace("(i32.store (i32.const 0) (i32.const 1))", ""),
        "(func (thread.create $f))",
    )
    refused(
        CREATE_HANDLE, "thread.create", "needs a shared function", TYPE, "(func $f)", "(func (drop (thread.create $f)))"
    )
    by_reference = (
        TYPE,
        JOIN,
        MEM,
        STORE,
        "(type $v (shared (func)))",
        main("(call $join (thread.create_ref $v (ref.func $f)))", "(local.set $r (i32.load (i32.const 0)))"),
    )
    assert outcomes(CREATE_HANDLE, *by_reference) == {"r=1 T0=done f=done"}
    inexpressible(CREATE, "imported types", *fields)


# --- modules by reference -------------------------------------------------------------------------
CODE = '(import "thread" "module" (type $m opaque)) (import "thread" "handle" (type $h opaque))'
NAMED = '(import "module" "{0}" (func ${0} (result (ref null $m))))'
MAKE = '(import "thread" "instantiate" (func ${0} (param (ref null $m) {1}) (result {2})))'
START = '(import "thread" "spawn_module" (func $start (param (ref null $m) {0}) (result (ref null $h))))'
SPACE = '(module $space (memory (export "m") 1 1 shared))'
WRITER = (
    '(module $writer (import "" "" (memory 1 1 shared)) (func $go (i32.store (i32.const 0) (i32.const 1))) (start $go))'
)
READER = """(module $reader (import "" "" (memory 1 1 shared))
  (func $go (local $r i32) (local.set $r (i32.load (i32.const 0)))) (start $go))"""
ANY, LOCAL = "(shared externref)", "externref"


def spaces(*body: str, given: str = ANY) -> tuple[str, ...]:
    """A module with the memory SPACE, code that writes it and code that reads it; local 0 is the memory."""
    imports = [NAMED.format(name) for name in ("space", "writer", "reader")]
    makes = [MAKE.format("make", "", given), MAKE.format("fill", given, ""), START.format(given)]
    main = f'(func (export "T0") (local {given}) (local.set 0 (call $make (call $space))) {" ".join(body)})'
    return (CODE, *imports, *makes, SPACE, WRITER, READER, main)


FILL = "(call $fill (call $writer) (local.get 0))"
READ = "(drop (call $start (call $reader) (local.get 0)))"


def test_4a_by_imports() -> None:
    """L1: r = 1, as under create-module; the other way round nothing is ordered."""
    assert outcomes(EMBED_CREATE_MODULE, *spaces(FILL, READ)) == {"r=1 T0=done go=done"}
    assert outcomes(EMBED_CREATE_MODULE, *spaces(READ, FILL)) == {"r=0 T0=done go=done", "r=1 T0=done go=done"}


def test_4b_a_local_external_traps() -> None:
    local = [
        f.replace('(memory (export "m") 1 1 shared)', '(memory (export "m") 1)') for f in spaces(READ, given=LOCAL)
    ]
    local = [f.replace("(memory 1 1 shared)", "(memory 1)") for f in local]
    assert outcomes(EMBED_CREATE_MODULE, *local) == {"T0=trap"}
    unchecked = embed(CREATE_MODULE, check="none", name="mine")
    assert outcomes(unchecked, *local) == {"r=0 T0=done go=done"}


def test_what_does_not_fit_traps() -> None:
    none = (CODE, NAMED.format("nowhere"), '(func (export "T0") (drop (call $nowhere)))')
    assert outcomes(EMBED_CREATE_MODULE, *none) == {"T0=trap"}
    null = (CODE, MAKE.format("make", "", ""), '(func (export "T0") (call $make (ref.null $m)))')
    assert outcomes(EMBED_CREATE_MODULE, *null) == {"T0=trap"}
    other = (CODE, NAMED.format("space"), MAKE.format("make", "", "(shared funcref)"), SPACE,
             '(func (export "T0") (drop (call $make (call $space))))')  # fmt: skip
    assert outcomes(EMBED_CREATE_MODULE, *other) == {"T0=trap"}
    fewer = spaces("(call $fill (call $space) (local.get 0))")
    assert outcomes(EMBED_CREATE_MODULE, *fewer) == {"T0=trap"}


def test_instantiate_is_there_where_the_discipline_has_it() -> None:
    for profile in (EMBED, EMBED_HANDLE, EMBED_CREATE_UNCHECKED):
        fields = (CODE, NAMED.format("space"), MAKE.format("make", "", ANY), SPACE)
        body = '(func (export "T0") (local $n i32) (local.set $n (ref.is_null (call $make (call $space)))))'
        assert outcomes(profile, *fields, body) == {"n=0 T0=done"}
    with pytest.raises(LinkError, match='unknown import "thread" "module"'):
        structure_of(EMBED_WEB, CODE, '(func (export "T0"))')
    with pytest.raises(LinkError, match='unknown import "thread" "spawn_module"'):
        structure_of(EMBED, CODE, START.format(""), '(func (export "T0"))')
    with pytest.raises(LinkError, match='unknown import "thread" "spawn_func"'):
        structure_of(EMBED_CREATE_MODULE, TYPE, SPAWN, '(func (export "T0"))')


def test_imported_types_of_nested_modules_are_linked_too() -> None:
    with pytest.raises(LinkError, match='unknown import "a" "b"'):
        structure_of(EMBED, '(module $n (import "a" "b" (type opaque)))', '(func (export "T0"))')
