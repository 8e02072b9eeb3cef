"""weft encodings: the list, a check, a counter-example as text, and the statuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.cli.status import BAD_INPUT, FAILED, OK, UNDECIDED
from semantics import encodings


def test_the_list(weft) -> None:
    ran = weft("encodings")
    assert ran.status == OK
    for e in encodings.ENCODINGS.values():
        assert f"{e.name:4} {e.source.name} -> {e.target.name}" in ran.out


def test_a_check_depends_on_the_seed_alone(weft) -> None:
    first, second, other = (weft("encodings", "X1", "--programs", "4", "--seed", s) for s in ("1", "1", "2"))
    assert first.status == second.status == OK
    assert "4 programs, " in first.out
    assert "equal outcomes" in first.out
    assert first.out.partition("(")[0] == second.out.partition("(")[0]
    assert other.status == OK


def test_a_counter_example(weft, monkeypatch: pytest.MonkeyPatch) -> None:
    x8 = encodings.ENCODINGS["X8"]
    monkeypatch.setitem(encodings.ENCODINGS, "X8", replace(x8, target=x8.source, translate=_without_stores))
    ran = weft("encodings", "X8", "--programs", "40")
    assert ran.status == FAILED
    assert "the outcomes differ" in ran.out
    assert ran.out.count("(module") == 2
    assert "those that only this has have a *" in ran.out


def _without_stores(program):
    from semantics.encodings.rewriting import replaced, translated
    from semantics.syntax.instructions import Drop, GlobalSet

    def step(e, _depth):
        return (Drop(),) if isinstance(e, GlobalSet) else (e,)

    return translated(program, lambda module: replaced(module, step))


def test_undecided(weft) -> None:
    assert weft("encodings", "X1", "--programs", "2", "--time-limit", "0.000001").status == UNDECIDED


def test_an_unknown_one(weft) -> None:
    ran = weft("encodings", "X99")
    assert ran.status == BAD_INPUT
    assert "unknown encoding X99" in ran.err
