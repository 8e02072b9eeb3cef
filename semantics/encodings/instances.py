"""How programs that instantiate nested modules are written: a `Style` for fork."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.styles import FORKS

_COUNT = """(module $count
    (import "" "store" (func $store shared (param i32 i32)))
    (global $l (mut i32) (i32.const 0))
    (func $go (global.set $l (i32.add (global.get $l) (i32.const 1))) (call $store (i32.const 4) (global.get $l)))
    (start $go))"""

_MODULES = rf"""{_COUNT}
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
  (module $starts
    {_COUNT}
    (import "" "store" (func $store shared (param i32 i32)))
    (func $thread shared (instantiate $count (ref.func $store)))
    (func $go (fork $thread))
    (start $go))
  (module $local
    (import "" "one" (func $one (result i32)))
    (func (export "f") (result i32) (i32.add (call $one) (i32.const 1))))
  (global $m shared (mut (ref null (shared any))) (ref.null (shared any)))
  (func $other shared (param $at i32) (param $v i32)
    (i32.store (i32.xor (local.get $at) (i32.const 4)) (local.get $v)))"""

INSTANCES = replace(
    FORKS,
    fields=f"{_MODULES}\n  {FORKS.fields}",
    own=(
        "(instantiate $count (ref.func $store))",
        "(instantiate $both (ref.func $store) (ref.func $other))",
        "(instantiate $use (ref.func $store) (instantiate $fresh))",
        "(global.set $m (instantiate $fresh)) (instantiate $use (ref.func $store) (global.get $m))",
        "(instantiate $use (ref.func $store) (global.get $m))",
        "(instantiate $starts (ref.func $store))",
    ),
    often=0.4,
    main=(
        "(global.set $g VALUE)",
        "(table.set $t (i32.const 1) (instantiate $local (ref.func $one)))"
        " (global.set $g (call_indirect $t (type $one) (i32.const 1)))",
        "(instantiate $both (ref.func $store) (ref.null (shared func)))",
    ),
)
"""fork and instantiate: instances with local state that write by an imported function, with fresh memories that threads
give on, with threads and instances of their own. Some do not link: a null, a memory that another has set to nothing."""
