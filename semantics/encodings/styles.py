"""How the designs that are encoded write random programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from semantics.encodings.generator import Body, Style

_DEFINITIONS = r"""(type $one (func (result i32)))
  (table $t 2 funcref)
  (global $k shared i32 (i32.const 3))
  (data $d "\05\06")
  (elem declare func $one)
  (func $one (type $one) (i32.add (global.get $g) (i32.const 1)))"""

FORKS = Style(
    fields=_DEFINITIONS,
    reads=("(global.get $k)",),
    main=(
        "(global.set $g VALUE)",
        "(global.set $g (i32.add (global.get $g) VALUE))",
        "(table.set $t (i32.const 1) (ref.func $one)) (global.set $g (call_indirect $t (type $one) (i32.const 1)))",
        "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 2))",
    ),
    waits=True,
    grows=True,
)
"""fork, with local state of the main thread: globals, a table, a passive segment."""

REFERENCES = Style(
    spawn=lambda f, a, main: (
        f"(thread.create_ref $entry {a} (ref.func {f}))" if f == "$f0" else f"(thread.create {f} {a})"
    ),
    fields="(type $entry (shared (func (param i32))))",
    main=("(global.set $g VALUE)",),
    results=True,
    single=True,
    once=True,
)
"""thread.create, and once thread.create_ref: with two, who grows the table first is open, and with it the slots, of
which exploration then does not know all values."""

_HANDLE = "(ref null (shared (thread i32)))"


def _joins(main: Body) -> None:
    """Some of the threads are joined, at the end of main; then perhaps one more access."""
    for f in main.spawned:
        if main.rng.random() < 0.7:
            main.lines.append(main.register(f"(thread.join (local.get {f.removeprefix('$f')}))"))
    if main.rng.random() < 0.6:
        main.lines.append(main.access())


HANDLES = Style(
    spawn=lambda f, a, main: f"(local.set {f[2:]} (fork_h {f} {a}))" if main else f"(drop (fork_h {f} {a}))",
    entry=lambda f: "(param $a i32) (result i32)",
    end=lambda b: f"(local.get ${b.registers[-1]})" if b.registers else "(local.get $a)",
    locals=f"(local {' '.join([_HANDLE] * 3)})",
    results=True,
    once=True,
    after=_joins,
)
"""fork_h, and joins by the main thread: local n of which is the handle of function fn."""

CELLS = Style(
    fields="""(global $p thread_local (mut i32) (i32.const 2))
  (func $put shared (param $v i32) (result i32) (global.set $p (local.get $v)) (if (local.get $v)
    (then (return (i32.const 1)))) (global.get $p))""",
    own=("(global.set $p VALUE)", "(global.set $p (call $put VALUE))", "(i32.store (i32.const 4) (global.get $p))"),
    reads=("(global.get $p)", "(global.get $p)"),
    waits=True,
)
"""fork, and a thread-local global, which a function with an early return sets too."""

CONTEXTS = Style(
    spawn=lambda f, a, main: f"(global.set $arg {a}) (drop (call $create (ref.func {f}) (global.get $arg)))",
    shared="",
    imports=lambda _: '(func $create (import "wavm" "createThread") (param funcref i32) (result i64))',
    entry=lambda f: "(param $a i32) (result i64)",
    end=lambda _: "(i64.const 0)",
    fields="(global $arg (mut i32) (i32.const 0)) (global $p (mut i32) (i32.const 2))",
    own=("(global.set $p VALUE)", "(global.set $g VALUE)", "(i32.store (i32.const 4) (global.get $p))"),
    reads=("(global.get $p)", "(global.get $g)"),
    often=0.3,
    waits=True,
)
"""createThread on functions by their index; every thread uses its mutable globals."""

ONE_INSTANCE = replace(
    CONTEXTS,
    fields=CONTEXTS.fields
    + r"""
  (type $one (func (result i32)))
  (table $t 2 funcref)
  (elem (i32.const 0) $one)
  (data (i32.const 4) "\01")
  (data $d "\05\06")
  (start $init)
  (func $init (global.set $p (i32.const 3)) (i32.store (i32.const 0) (i32.const 1)))
  (func $one (type $one) (i32.add (global.get $p) (i32.const 1)))""",
    own=(
        *CONTEXTS.own,
        "(table.set $t (i32.const 1) (ref.func $one))",
        "(global.set $g (call_indirect $t (type $one) (i32.const 1)))",
        "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 2))",
        "(data.drop $d)",
    ),
)
"""As CONTEXTS, and threads use what else their common instance has: a table, segments. A thread may trap, on a null
entry and on a segment that is dropped."""


def _threads(spawned: Sequence[str]) -> str:
    """thread-spawn, and the function that all threads begin in: two bits of its argument say what they run, the others
    are for that."""
    known = " ".join(f if f in spawned else "$none" for f in ("$f0", "$f1", "$f2", "$none"))
    return f"""(import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (type $run (func (param i32)))
  (table $runs funcref (elem {known}))
  (func $none (param i32))
  (func $thread (export "wasi_thread_start") (param i32 i32)
    (call_indirect $runs (type $run) (i32.shr_u (local.get 1) (i32.const 2)) (i32.and (local.get 1) (i32.const 3))))"""


WASI_THREADS = Style(
    spawn=lambda f, a, main: f"(drop (call $spawn (i32.or (i32.shl {a} (i32.const 2)) (i32.const {f[2:]}))))",
    shared="",
    imports=_threads,
    fields=r"""(global $p (mut i32) (i32.const 2))
  (type $one (func (result i32)))
  (table $t 2 funcref)
  (elem (table $t) (i32.const 0) func $one)
  (data (i32.const 0) "\01")
  (data $d "\05\06")
  (start $init)
  (func $init (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1))))
  (func $one (type $one) (i32.add (global.get $p) (i32.const 1)))""",
    own=(
        "(global.set $p VALUE)",
        "(i32.store (i32.const 4) (global.get $p))",
        "(table.set $t (i32.const 1) (ref.func $one)) (global.set $g (call_indirect $t (type $one) (i32.const 1)))",
        "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 2))",
    ),
    reads=("(global.get $p)", "(global.get $g)"),
    waits=True,
    grows=True,
    results=True,
)
"""thread-spawn; every thread has an instance, with its globals, its table, a start function and an active segment."""

MODULES = Style(
    shared="",
    flag="shared",
    private="shared",
    own=("(global.set $g VALUE)",),
    reads=("(i32.and (global.get $g) (i32.const 1))",),
    waits=True,
)
"""fork in a module that is shared as a whole, the global too."""

_COMPONENT = """(func $ref (import "component" "thread.spawn-ref") shared (param (shared funcref) i32) (result i32))
  (func $indirect (import "component" "thread.spawn-indirect") shared (param i32 i32) (result i32))
  (func $own (import "component" "context.get 0") shared (result i32))
  (func $keep (import "component" "context.set 0") shared (param i32))
  (func $other (import "component" "context.get 1") shared (result i32))
  (func $many (import "component" "thread.available-parallelism") shared (result i32))"""


def _spawned(f: str, argument: str, main: bool) -> str:
    """f0 of the table, or by a reference from there, the others by ref.func."""
    if not (f == "$f0" and main):
        return f"(drop (call $ref (ref.func {f}) {argument}))"
    if "const" in argument:
        return f"(drop (call $indirect (i32.const 0) {argument}))"
    return f"(drop (call $ref (table.get $t (i32.const 0)) {argument}))"


def _two_more(main: Body) -> None:
    """Two lines at the end of main, when threads run."""
    main.lines += [main.line(()), main.line(())]


COMPONENTS = Style(
    spawn=_spawned,
    imports=lambda _: _COMPONENT,
    fields="""(table $t shared 1 1 (shared funcref))
  (elem (table $t) (i32.const 0) shared (shared funcref) (ref.func $f0))
  (data $d shared "\\05\\06")
  (global $s shared (mut i32) (i32.const 0))
  (global $n shared (mut i32) (i32.const 0))
  (global $p thread_local (mut i32) (i32.const 0))""",
    own=(
        "(global.set $s VALUE)",
        "(global.atomic.set acq_rel $s VALUE)",
        "(global.atomic.set seq_cst $s VALUE)",
        "(global.atomic.set seq_cst $n VALUE)",
        "(local.set REGISTER (global.get $s))",
        "(local.set REGISTER (global.atomic.get acq_rel $s))",
        "(local.set REGISTER (global.atomic.get seq_cst $s))",
        "(local.set REGISTER (global.atomic.get seq_cst $n))",
        "(local.set REGISTER (global.atomic.rmw.xchg acq_rel $n VALUE))",
        "(local.set REGISTER (global.atomic.rmw.cmpxchg seq_cst $n (i32.const 0) VALUE))",
        "(local.set REGISTER (global.atomic.rmw.add seq_cst $p VALUE))",
        "(local.set REGISTER (global.atomic.rmw.cmpxchg acq_rel $p (i32.const 0) VALUE))",
        *("(global.atomic.set seq_cst $p VALUE)", "(call $keep VALUE)") * 2,
        *("(local.set REGISTER (global.get $p))", "(local.set REGISTER (i32.add (call $own) (call $other)))") * 2,
        "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 2))",
    ),
    reads=("(call $many)",),
    main=("(global.atomic.set seq_cst $g VALUE)",),
    often=0.7,
    threads=2,
    lines=(3, 4),
    results=True,
    once=True,
    after=_two_more,
)
"""The component's functions, f0 once by reference, for the reason above; with globals of all three attributes, atomic
accesses, and a segment."""

FUNCTIONS = Style(
    spawn=lambda f, a, _: f"(fork {f} {a} (ref.func $three))" if f == "$f1" else f"(fork {f} {a})",
    entry=lambda f: "(param $a i32) (param (shared funcref))" if f == "$f1" else "(param $a i32)",
    end=lambda b: "(table.set $u (i32.const 0) (local.get 1))" if b.name == "f1" else "",
    fields=f"""{_DEFINITIONS}
  (type $number (shared (func (result i32))))
  (table $u shared 1 (shared funcref))
  (elem (table $u) (i32.const 0) (shared funcref) (ref.func $two))
  (func $two (type $number) (i32.const 2))
  (func $three (type $number) (global.get $s))
  (func $both shared (param $v i32) (call $store (i32.const 4) (local.get $v)) (global.set $s (local.get $v)))
  (global $s shared (mut i32) (i32.const 3))""",
    own=(
        "(global.set $s VALUE)",
        "(global.atomic.set seq_cst $s VALUE)",
        "(local.set REGISTER (global.get $s))",
        "(local.set REGISTER (global.atomic.get seq_cst $s))",
        "(local.set REGISTER (call_indirect $u (type $number) (i32.const 0)))",
        "(call $both VALUE)",
        "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 2))",
    ),
    reads=("(global.get $k)",),
    main=("(global.set $g VALUE)",),
    often=0.3,
    waits=True,
)
"""fork, of functions that name shared definitions of all kinds, and functions by reference."""


def _of_thread(name: str, text: str) -> str:
    """The module of a thread, with the function that is it: f1's has an active segment, f2's exports."""
    extra = {"f1": '(data (i32.const 4) "\\01")', "f2": '(export "mem" (memory 0)) (export "go" (func $go))'}
    return f"""(module ${name}
    (import "" "" (memory 1 2 shared)) (import "" "" (global $s shared (mut i32)))
    (import "" "" (global $in shared (mut i32))) (global $g (mut i32) (i32.const 2))
    (data $d "\\05\\06") {extra.get(name, "")}
    (func $store (param $at i32) (param $v i32) (i32.store (local.get $at) (local.get $v)))
    {text}
    (func $go (call ${name} (global.get $in))) (start $go))"""


BOOTS = Style(
    spawn=lambda f, a, _: (
        f"(global.set $arg {a}) (ref.module {f}) (ref.memory 0) (ref.global $s) (ref.global $arg) (instantiate $copy)"
        " (thread.create_mod 3)"
    ),
    shared="",
    fields=r"""(global $s shared (mut i32) (i32.const 3)) (global $arg (mut i32) (i32.const 0)) (data $d "\05\06")
  (module $copy (import "" "" (global $from (mut i32))) (global $to (export "a") shared (mut i32) (i32.const 0))
    (func $copy (global.set $to (global.get $from))) (start $copy))""",
    own=(
        "(global.set $s VALUE)",
        "(global.atomic.set seq_cst $s VALUE)",
        "(local.set REGISTER (global.get $s))",
        "(local.set REGISTER (global.atomic.get seq_cst $s))",
        "(global.set $g VALUE)",
        "(local.set REGISTER (global.get $g))",
        "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 2))",
    ),
    reads=("(global.get $g)",),
    often=0.4,
    lines=(2, 3),
    waits=True,
    results=True,
    single=True,
    place=_of_thread,
)
"""thread.create_mod: every thread with a module of its own, that has private state, and its argument in a global."""
