"""The encodings X1 to X11 of systems.md B.14, "who can polyfill whom" (floor 6).

A file holds a translation of programs with its fragment. `generator` writes random programs of the fragments; that both
sides have equal outcomes is checked in `litmus.checking.encodings`.
"""

from __future__ import annotations

from semantics.encodings.encoding import Encoding
from semantics.encodings.generator import Style, random_program
from semantics.encodings.workers import not_of_web, workers
from semantics.profiles.fork import FORK
from semantics.profiles.web import WEB

_DEFINITIONS = r"""(type $one (func (result i32)))
  (table $t 2 funcref)
  (global $k shared i32 (i32.const 3))
  (data $d "\05\06")
  (elem declare func $one)
  (func $one (type $one) (i32.add (global.get $g) (i32.const 1)))"""

_PRIVATE = Style(
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

ENCODINGS: dict[str, Encoding] = {
    e.name: e
    for e in (
        Encoding(
            "X1",
            FORK,
            WEB,
            "fork by Web workers that instantiate the module again: equal outcomes",
            "shared: only imported memories and immutable numeric globals; numeric fork arguments; no start function, "
            "no active segments, no segments in shared functions; the main agent does not wait",
            workers,
            not_of_web,
            lambda rng: random_program(rng, FORK, _PRIVATE),
        ),
    )
}
"""Every encoding, by name."""
