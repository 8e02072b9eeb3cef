"""Executing what one thread alone can reach without events changes no outcome where threads have own instances."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from semantics.execution.outcomes import Outcome
from semantics.exploration.confinement import FORKED, Confinement
from semantics.exploration.program import Cell
from semantics.profiles.wasi import WASI
from semantics.profiles.web import WEB
from semantics.runtime.profile import Profile
from tests.semantics.profiles.hosted import outcomes, shown

PROFILES = (
    WASI,
    replace(WASI, place="child", trap="isolate", mainret="isolate"),
    replace(WASI, same="memories", trap="isolate", mainret="isolate"),
    replace(WASI, restart="skip", mainret="isolate"),
    WEB,
)
GLOBALS = ("$own", "$other", "$fixed")
CELLS = ("(i32.const 0)", "(i32.const 4)")


def _body(rng: random.Random, spawn: str = "") -> str:
    """Three steps on globals, the shared memory and a memory of N's, and perhaps a spawn between them."""
    steps = []
    for _ in range(3):
        value = rng.choice(("(i32.const 2)", "(i32.const 3)", "(local.get $r)"))
        steps.append(
            rng.choice(
                (
                    f"(global.set {rng.choice(GLOBALS[:2])} {value})",
                    f"(local.set $r (global.get {rng.choice(GLOBALS)}))",
                    f"(i32.store {rng.choice(CELLS)} {value})",
                    f"(local.set $r (i32.load {rng.choice(CELLS)}))",
                    "(local.set $r (call $inc))",
                )
            )
        )
    steps.insert(rng.randrange(2) if spawn else 0, spawn)
    return " ".join(steps)


def _world(rng: random.Random, profile: Profile) -> tuple[str, str]:
    """The text of N and of M."""
    n = (
        '(module (import "env" "mem" (memory 1 1 shared)) (global $g (export "other") (mut i32) (i32.const 5))'
        ' (global (export "fixed") i32 (i32.const 6))'
        ' (func (export "inc") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))'
        + rng.choice(("", "(func $s (i32.store (i32.const 0) (i32.const 8))) (start $s)"))
        + ")"
    )
    worker = profile.spawn == "worker"
    spawn = "(call $spawn)" if worker else "(drop (call $spawn (i32.const 0)))"
    host = '"worker" "f" (func $spawn)' if worker else '"wasi" "thread-spawn" (func $spawn (param i32) (result i32))'
    entry = '"f"' if worker else '"wasi_thread_start"'
    params = "" if worker else "(param i32 i32)"
    m = (
        f'(module (import {host}) (import "env" "mem" (memory 1 1 shared)) (import "N" "inc" (func $inc (result i32)))'
        ' (import "N" "other" (global $other (mut i32))) (import "N" "fixed" (global $fixed i32))'
        " (global $own (mut i32) (i32.const 4))"
        + rng.choice(
            ("", '(data (i32.const 4) "\\07")', "(func $s (global.set $own (i32.load (i32.const 0)))) (start $s)")
        )
        + f'(func (export "_start") (local $r i32) {_body(rng, spawn)})'
        f"(func $f (export {entry}) {params} (local $r i32) {_body(rng)}))"
    )
    return n, m


def _outcomes(profile: Profile, n: str, m: str) -> set[Outcome]:
    cells = tuple(Cell(name, "env", "mem", at) for name, at in (("x", 0), ("y", 4)))
    return outcomes(profile, m, others=(("N", n),), observed=cells)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: f"{p.name}-{p.place}-{p.same}-{p.restart}")
def test_events_of_confined_state_say_nothing(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(7)
    worlds = [_world(rng, profile) for _ in range(12)]
    short = [_outcomes(profile, *world) for world in worlds]
    assert any(len(found) > 1 for found in short)
    monkeypatch.setattr(Confinement, "constant", lambda *_: False)
    monkeypatch.setattr(Confinement, "owner", lambda *_: FORKED)
    assert [_outcomes(profile, *world) for world in worlds] == short


def test_twin_that_forgets_what_clones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the start functions of clones are not seen, memory that only they write is taken for constant."""
    text = (
        '(module (import "worker" "f" (func $spawn)) (import "env" "mem" (memory 1 1 shared))'
        " (func $s (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))) (start $s)"
        ' (func (export "_start") (local $r i32) (call $spawn) (local.set $r (i32.load (i32.const 4))))'
        ' (func (export "f")))'
    )
    assert shown(outcomes(WEB, text), "main:r") == {(1,), (2,)}
    monkeypatch.setattr("semantics.exploration.confinement.depends_on", lambda *_: [])
    assert shown(outcomes(WEB, text), "main:r") == {(1,)}
