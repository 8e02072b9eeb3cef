"""MG-spawn under the designs (systems.md B.8, program 8c): who makes an instance for each thread can tell a merged pair
from a linked one, unless all that the pair consists of is made again.

N counts the calls of `inc` in a private global; M calls it, spawns, waits, and hands out what the thread counted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from litmus.checking.merging import merge_files
from semantics.axioms import load_model
from semantics.profiles import profile

N = """(module $N
  (global $k {attribute} (mut i32) (i32.const 0))
  (func $inc (export "inc") {shared} (result i32)
    (global.set $k (i32.add (global.get $k) (i32.const 1)))
    (global.get $k)))"""

M = """(module $M
  (import "N" "inc" (func $inc {shared} (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  {imports}
  {declared}
  (func $f {export} {shared} {type}
    (i32.atomic.store (i32.const 4) (call $inc))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    {result})
  (func $main (export "main") (result i32)
    (drop (call $inc))
    {spawn}
    (loop $l (br_if $l (i32.eqz (i32.atomic.load (i32.const 0)))))
    (i32.atomic.load (i32.const 4))))"""

FORK = {"shared": "shared", "spawn": "(fork $f)"}
SPAWNS: dict[str, dict[str, str]] = {
    "fork": {**FORK, "attribute": "shared"},
    "tls": {**FORK, "attribute": "thread_local"},
    "wavm": {
        "imports": '(import "wavm" "createThread" (func $create (param funcref i32) (result i64)))',
        "declared": "(elem declare func $f)",
        "type": "(param i32) (result i64)",
        "result": "(i64.const 0)",
        "spawn": "(drop (call $create (ref.func $f) (i32.const 0)))",
    },
    "wasi": {
        "imports": '(import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))',
        "export": '(export "wasi_thread_start")',
        "type": "(param i32 i32)",
        "spawn": "(drop (call $spawn (i32.const 0)))",
    },
    "web": {
        "imports": '(import "worker" "f" (func $spawn))',
        "export": '(export "f")',
        "spawn": "(call $spawn)",
    },
}


@pytest.mark.parametrize(
    ("name", "holds"), [("fork", True), ("tls", True), ("wavm", True), ("web", True), ("wasi", False)]
)
def test_spawning_pairs(name: str, holds: bool, tmp_path: Path) -> None:
    parts = dict.fromkeys(("attribute", "shared", "imports", "declared", "export", "type", "result"), "") | SPAWNS[name]
    for stem, text in (("N", N), ("M", M)):
        (tmp_path / f"{stem}.wat").write_text(text.format(**parts))
    sources = tmp_path / "M.wat", tmp_path / "N.wat"
    report = merge_files(sources, None, models=[load_model("wasm-threads")], profile=profile(name), contexts=6)
    [checked] = report.checked
    assert [(p.name, p.holds) for p in checked.properties][::2] == [("MG-static", True), ("MG-spawn", name != "wasi")]


FLAGGED = '(module $A shared (func (export "f")))'
PLAIN = '(module $B (memory 1) (func (export "g") (drop (i32.load (i32.const 0)))))'


def test_one_flag_is_right_for_one_module_only(tmp_path: Path) -> None:
    """Program 8a: each is valid, and with the flag on the whole the memory would have to be shared."""
    for stem, text in (("A", FLAGGED), ("B", PLAIN)):
        (tmp_path / f"{stem}.wat").write_text(text)
    sources = tmp_path / "A.wat", tmp_path / "B.wat"
    [checked] = merge_files(
        sources, None, models=[load_model("wasm-threads")], profile=profile("module-shared"), contexts=2
    ).checked
    static = checked.properties[0]
    assert (static.name, static.holds) == ("MG-static", False)
    assert "module flag" in static.why
