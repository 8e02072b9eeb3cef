"""The threads proposal's own scripts: every assertion decided, and the audit of those on racy values."""

from __future__ import annotations

import pytest

from litmus.checking.result import Passed, ScriptResult
from litmus.checking.scripts import check_script
from litmus.language import load
from litmus.language.script import Script
from semantics.axioms import load_model
from semantics.diagnostics import load_source
from tests.conformance import MISSING, SUITES

THREADS = SUITES / "threads-proposal" / "threads"
SCRIPTS = [
    "LB", "LB_atomic", "MP", "MP_atomic", "SB", "SB_atomic", "atomic", "deeply_nested", "nested", "simple", "thread",
    "unlinkable", "wait_notify",
]  # fmt: skip
RACY = {
    "SB": {(0, 0), (0, 1), (1, 0), (1, 1)},
    "SB_atomic": {(0, 1), (1, 0), (1, 1)},
    "LB": {(0, 0), (0, 1), (1, 0), (1, 1)},
    "LB_atomic": {(0, 0), (0, 1), (1, 0)},
    "MP": {(0, 0), (0, 42), (1, 0), (1, 42)},
    "MP_atomic": {(0, 0), (0, 42), (1, 42)},
}
WEAKER_UNDER_SC = {"SB": (0, 0), "LB": (1, 1), "MP": (1, 0)}

pytestmark = pytest.mark.skipif(not THREADS.is_dir(), reason=MISSING)


def checked(name: str, model: str) -> ScriptResult:
    script = load(load_source(THREADS / f"{name}.wast"))
    assert isinstance(script, Script)
    return check_script(script, load_model(model))


def test_no_script_is_forgotten() -> None:
    assert sorted(p.stem for p in THREADS.glob("*.wast")) == sorted(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("model", ["wasm", "wasm-threads", "sc"])
def test_every_assertion_passes(name: str, model: str) -> None:
    result = checked(name, model)
    assert result.assertions and not result.gaps
    assert [a.message for a in result.assertions if a.passed is not Passed.YES] == []


@pytest.mark.parametrize("name", RACY)
@pytest.mark.parametrize("model", ["wasm", "wasm-threads"])
def test_racy_assertions_are_exact(name: str, model: str) -> None:
    """The complete outcome set is what the assertion accepts: neither too weak nor too strong."""
    [audit] = [a for a in checked(name, model).audits if len(a.reads) == 2]
    assert set(audit.allowed) == RACY[name]
    assert audit.verdict == "exact"


@pytest.mark.parametrize("name", WEAKER_UNDER_SC)
def test_plain_twins_are_too_weak_for_sc(name: str) -> None:
    [audit] = checked(name, "sc").audits
    assert (audit.verdict, audit.too_weak) == ("too weak", (WEAKER_UNDER_SC[name],))


def test_without_the_dagger_conditions_sb_fails() -> None:
    result = checked("SB_atomic", "paper-dag")
    assert [a.passed for a in result.assertions].count(Passed.NO) == 1
    assert [a.too_strong for a in result.audits] == [((0, 0),)]
