"""How programs that instantiate nested modules are written, and those that an embedder is to run (B.6)."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.generator import Body
from semantics.encodings.styles import CONTEXTS, FORKS, HANDLES

_COUNT = """(module $count
    (import "" "store" (func $store shared (param i32 i32)))
    (global $l (mut i32) (i32.const 0))
    (func $go (global.set $l (i32.add (global.get $l) (i32.const 1))) (call $store (i32.const 4) (global.get $l)))
    (start $go))"""

_STARTS = f"""(module $starts
    {_COUNT}
    (import "" "store" (func $store shared (param i32 i32)))
    (func $thread shared (instantiate $count (ref.func $store)))
    (func $go (fork $thread))
    (start $go))"""

_RUN = """(module $run
    (import "" "f" (func $f shared (param i32)))
    (func $go (call $f (i32.const 3)))
    (start $go))"""

_MODULES = f"""{_COUNT}
  (module $fresh (memory (export "m") 1 1 shared))
  (module $use
    (import "" "store" (func $store shared (param i32 i32)))
    (import "" "m" (memory 1 1 shared))
    (func $go (call $store (i32.const 0) (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))
    (start $go))
  (module $both
    (import "" "first" (func $first shared (param i32 i32)))
    (import "" "second" (func $second shared (param i32 i32)))
    (func $go (call $first (i32.const 0) (i32.const 1)) (call $second (i32.const 0) (i32.const 2)))
    (start $go))
  (module $local
    (import "" "one" (func $one (result i32)))
    (func (export "f") (result i32) (i32.add (call $one) (i32.const 1))))
  (global $m shared (mut (ref null (shared any))) (ref.null (shared any)))
  (func $other shared (param $at i32) (param $v i32)
    (i32.store (i32.xor (local.get $at) (i32.const 4)) (local.get $v)))"""

INSTANCES = replace(
    FORKS,
    fields=f"{_MODULES}\n  {_STARTS}\n  {FORKS.fields}",
    own=(
        "(instantiate $count (ref.func $store))",
        "(instantiate $both (ref.func $store) (ref.func $other))",
        "(instantiate $use (ref.func $store) (instantiate $fresh))",
        "(instantiate $use (ref.func $store) (global.get $m))",
        "(instantiate $starts (ref.func $store))",
    ),
    often=0.4,
    main=(
        "(global.set $m (instantiate $fresh))",
        "(global.set $m (instantiate $fresh)) (instantiate $use (ref.func $store) (global.get $m))",
        "(global.set $g VALUE)",
        "(table.set $t (i32.const 1) (instantiate $local (ref.func $one)))"
        " (global.set $g (call_indirect $t (type $one) (i32.const 1)))",
        "(instantiate $both (ref.func $store) (ref.null (shared func)))",
    ),
)
"""fork and instantiate: instances with local state that write by an imported function, with fresh memories that main
gives on (of what several threads give, there are too many cases), with threads and instances of their own. Some do not
link: a null, a memory that is not there yet."""

CHECKED = replace(
    INSTANCES,
    spawn=lambda f, a, _: (
        f"(thread.create_ref $entry {a} (ref.func {f}))" if f == "$f0" else f"(thread.create {f} {a})"
    ),
    fields=f"""(type $entry (shared (func (param i32))))
  {_MODULES}
  {FORKS.fields}""",
    own=(
        *INSTANCES.own[:-1],
        "(thread.create_ref $entry (i32.const 1) (ref.null (shared func)))",
        "(thread.create_ref $entry (i32.const 1) (ref.func $store))",
    ),
)
"""thread.create and create_ref, and instances; some references are null or of another type."""

UNCHECKED = replace(
    CHECKED,
    shared="",
    fields=f"""(type $entry (func (param i32)))
  (global $p (mut i32) (i32.const 2))
  {_COUNT.replace(" shared", "")}""",
    own=(
        "(global.set $g VALUE)",
        "(global.set $p (i32.add (global.get $p) VALUE))",
        "(instantiate $count (ref.func $store))",
        "(thread.create_ref $entry (i32.const 1) (ref.null func))",
        "(thread.create_ref $entry (i32.const 1) (ref.func $store))",
    ),
    reads=("(i32.and (global.get $g) (i32.const 1))", "(i32.and (global.get $p) (i32.const 1))"),
    often=0.25,
    main=(),
)
"""The same on local functions, which share the globals of their instance."""

_OPERATIONS = (
    ("(thread.join {})", True),
    ("(thread.await {} (i64.const -1))", True),
    ("(thread.await {} (i64.const 0))", True),
    ("(thread.cancel {})", False),
    ("(thread.cancel {})", False),
    ("(thread.detach {})", False),
)


def _uses(main: Body) -> None:
    """Threads are joined, awaited, cancelled or detached at the end of main, one perhaps twice; then an access."""
    for f in main.spawned:
        for _ in range(main.rng.choice((0, 1, 1, 2))):
            use, gives = main.rng.choice(_OPERATIONS)
            line = use.format(f"(local.get {f.removeprefix('$f')})")
            main.lines.append(main.register(line) if gives else line)
    main.lines.append(main.access())


THREADS = replace(
    HANDLES,
    fields=_COUNT,
    own=(
        "(fork $store (i32.const 0) VALUE)",
        "(instantiate $count (ref.func $store))",
        "(if (thread.poll_cancel) (then (unreachable)))",
        "(drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))",
    ),
    often=0.2,
    main=("(drop (thread.join (ref.null (shared (thread i32)))))",),
    reads=("(thread.poll_cancel)",),
    waits=True,
    results=False,
    after=_uses,
)
"""fork_h and fork, and everything that can be done with a handle; null handles, and threads that trap."""

WORKERS = replace(
    CONTEXTS,
    spawn=lambda f, a, _: f"(call $start_{f.removeprefix('$')} {a})",
    imports=lambda spawned: " ".join(
        f'(func $start_{f.removeprefix("$")} (import "worker" "{f.removeprefix("$")}") (param i32))' for f in spawned
    ),
    entry=lambda f: f'(export "{f.removeprefix("$")}") (param $a i32)',
    end=lambda _: "",
    fields=r"""(global $p (mut i32) (i32.const 2)) (data (i32.const 1) "\07")
  (func $init (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))) (start $init)""",
)
"""Workers, each with globals, a start function and an active segment of its own."""

CREATIONS = replace(
    INSTANCES,
    spawn=lambda f, a, _: f"(global.set $a {a}) (thread.create_mod 1 (ref.module $run) (ref.func {f}))",
    fields=f"""{_MODULES}
  {_RUN}
  (global $a shared (mut i32) (i32.const 0))""",
    own=(
        "(thread.create_mod 1 (ref.module $count) (ref.func $store))",
        "(thread.create_mod 2 (ref.module $both) (ref.func $store) (ref.func $other))",
        "(thread.create_mod 2 (ref.module $use) (ref.func $store) (global.get $m))",
        "(thread.create_mod 2 (ref.module $use) (ref.func $store) (instantiate $fresh))",
        "(thread.create_mod 1 (ref.module $run) (ref.func $store))",
    ),
    reads=("(i32.and (global.get $a) (i32.const 1))",),
    often=0.2,
    main=(
        "(global.set $m (instantiate $fresh))",
        "(thread.create_mod 1 (ref.null (shared module)) (ref.func $store))",
    ),
)
"""Modules as threads, which call what they import; some do not link, or are null."""
