"""Verdicts: right on the classic shapes, honest where something was left out, and no witness without two readers."""

from __future__ import annotations

import dataclasses

import pytest

from litmus import catalogue
from litmus.checking.check import Prepared, check, prepare
from litmus.checking.explain import explain
from litmus.checking.limits import Limits
from litmus.checking.outcomes import compare, count
from litmus.checking.verdict import Allowed, Forbidden, Undecided
from litmus.checking.witness import vouch
from litmus.language import Expectation, Test, load_tests, parse_litmus
from semantics.axioms import load_model
from semantics.diagnostics import InternalError, Source
from semantics.execution.outcomes import holds
from semantics.execution.structure import Status

MP = """\
WASM MP
{ i32 x; i32 y; }
 P              | Q               ;
 STORE x 1      | r0 = LOAD y     ;
 STORE y 1      | r1 = LOAD x     ;
"""
LOOP = """\
WASM loop
{ i32 x; }
thread P {
  (loop $l (i32.store x (i32.add (i32.load x) (i32.const 1))) (br_if $l (i32.lt_u (i32.load x) (i32.const N))))
  r0 = i32.load x
}
thread Q { i32.store x 0 }
"""
EXISTS = "exists (1:r0=1 /\\ 1:r1=0)\n"


def test_of(text: str) -> Prepared:
    return prepare(parse_litmus(Source("t.litmus", text)))


test_of.__test__ = False  # type: ignore[attr-defined]


def mp(condition: str, atomic: bool) -> Prepared:
    kind = "i32.atomic." if atomic else "i32."
    return test_of(MP.replace("STORE", kind + "store").replace("LOAD", kind + "load") + condition)


@pytest.mark.parametrize(
    ("condition", "atomic", "verdict", "validated"),
    [
        (EXISTS, False, Allowed, True),
        (EXISTS, True, Forbidden, False),
        ("~" + EXISTS, False, Allowed, False),
        ("~" + EXISTS, True, Forbidden, True),
        ("forall (1:r0=0 \\/ 1:r1=1)\n", False, Allowed, False),
        ("forall (1:r0=0 \\/ 1:r1=1)\n", True, Forbidden, True),
    ],
)
def test_message_passing(condition: str, atomic: bool, verdict: type, validated: bool) -> None:
    result = check(mp(condition, atomic), load_model("wasm"))
    assert isinstance(result.verdict, verdict)
    assert result.validated is validated
    assert result.gaps == ()


def test_the_witness_has_the_outcome() -> None:
    prepared = mp(EXISTS, False)
    verdict = check(prepared, load_model("wasm")).verdict
    assert isinstance(verdict, Allowed)
    assert prepared.test.condition is not None
    assert holds(prepared.test.condition.proposition, verdict.outcome)
    assert verdict.witness is not None
    assert verdict.witness.outcome == verdict.outcome


@pytest.mark.parametrize(("expected", "agrees"), [(Expectation.ALLOWED, True), (Expectation.FORBIDDEN, False)])
def test_expectations(expected: Expectation, agrees: bool) -> None:
    result = check(mp(EXISTS, False), load_model("wasm"), expected=expected)
    assert result.agrees is agrees
    assert result.answer is Expectation.ALLOWED


def test_a_bound_leaves_a_missing_outcome_undecided_but_a_found_one_allowed() -> None:
    def decide(condition: str) -> Prepared:
        text = LOOP.replace("N", "9") + condition
        return prepare(parse_litmus(Source("t.litmus", text)), Limits(loop=2))

    missing = check(decide("exists (0:r0=77)\n"), load_model("sc"), expected=Expectation.FORBIDDEN)
    assert isinstance(missing.verdict, Undecided)
    assert "bound" in missing.verdict.reason
    assert (missing.agrees, missing.validated) == (None, None)
    assert missing.gaps


def test_no_bound_no_gap() -> None:
    text = LOOP.replace("N", "1") + "exists (0:r0=77)\n"
    result = check(prepare(parse_litmus(Source("t.litmus", text)), Limits(loop=8)), load_model("sc"))
    assert isinstance(result.verdict, Forbidden | Undecided)
    assert isinstance(result.verdict, Undecided) is bool(result.gaps)


def test_outcomes_are_those_shown_and_counted_by_the_condition() -> None:
    result = check(mp(EXISTS, False), load_model("sc"), outcomes=True)
    assert result.table is not None
    assert len(result.table.outcomes) == 3
    assert (result.table.positive, result.table.negative) == (0, 3)
    assert all(o.status("P") is Status.DONE for o in result.table.outcomes)


def test_a_table_of_several_models() -> None:
    prepared = mp(EXISTS, False)
    compared = compare(prepared, [load_model("wasm"), load_model("sc")])
    assert [compared.count(0), compared.count(1)] == [4, 3]
    (weak,) = [o for o, allowed in compared.rows if allowed == (True, False)]
    assert dict(weak.values) == {("Q", "r0"): 1, ("Q", "r1"): 0}
    assert count(prepared, load_model("wasm")).count == 4


def test_traps_are_outcomes() -> None:
    text = """WASM trap
{ i32 x; }
thread P { r0 = i32.load x  if (i32.eq (local.get r0) (i32.const 1)) unreachable end }
thread Q { i32.store x 1 }
exists (P:trap)
"""
    compared = compare(test_of(text), [load_model("sc")])
    ends = {(dict(o.values).get(("P", "r0")), o.status("P")) for o, _ in compared.rows}
    assert Status.TRAP in {status for _, status in ends}
    assert len(compared.rows) == 2
    assert isinstance(check(test_of(text), load_model("sc")).verdict, Allowed)


def test_a_test_without_a_condition_has_a_table_alone() -> None:
    result = check(mp("", False), load_model("sc"))
    assert result.verdict is None
    assert result.validated is None
    assert result.table is not None
    assert len(result.table.outcomes) == 3


def test_explain_names_the_axiom_and_its_cycle() -> None:
    explained = explain(mp(EXISTS, True), load_model("wasm"))
    assert [a.name for a in explained.axioms] == ["hb-consistent-3"]
    assert explained.graph is not None
    labels = {n.label for n in explained.graph.nodes}
    assert set(explained.axioms[0].events) <= labels
    assert len(explained.axioms[0].events) >= 2
    assert "irreflexive" in explained.axioms[0].text


def test_explain_draws_the_witness() -> None:
    drawn = explain(mp(EXISTS, False), load_model("wasm")).graph
    assert drawn is not None
    actions = {a for n in drawn.nodes for a in n.actions}
    assert {"W x=1", "W y=1", "R y=1", "R x=0"} <= actions
    assert [n.thread for n in drawn.nodes if n.thread] == ["P", "P", "Q", "Q"]  # the host's own thread is not drawn
    assert {e.name for e in drawn.edges} == {"rf"}


def test_an_outcome_that_nothing_can_have_needs_no_axiom() -> None:
    explained = explain(mp("exists (1:r0=7)\n", False), load_model("wasm"))
    assert isinstance(explained.result.verdict, Forbidden)
    assert (explained.axioms, explained.graph) == ((), None)


@pytest.mark.parametrize("model", ["wasm", "wasm-threads", "sc", "paper-dag"])
def test_a_false_witness_is_refused(model: str) -> None:
    """Message passing's weak outcome under SC, shown as if it were a witness of a model that forbids it."""
    verdict = check(mp(EXISTS, False), load_model("wasm")).verdict
    assert isinstance(verdict, Allowed)
    assert verdict.witness is not None
    vouch(load_model("wasm"), verdict.witness)
    wrong_value = dataclasses.replace(verdict.witness, values={s: 5 for s in verdict.witness.values})
    backwards = dataclasses.replace(verdict.witness, tot=verdict.witness.tot[::-1])
    for broken in (wrong_value, backwards):
        with pytest.raises(InternalError, match="refused by"):
            vouch(load_model(model), broken)
    with pytest.raises(InternalError, match="refused by the model's text"):
        vouch(load_model("sc"), verdict.witness)


@pytest.mark.parametrize(
    ("name", "model", "verdict"),
    [
        ("SB+acqrel", "wasm-threads", Undecided),
        ("SB+acqrel", "wasm-acqrel", Allowed),
        ("SB+acqrel", "sc", Forbidden),
        ("SB+acqrel+fence", "wasm-threads[+fence]", Forbidden),
    ],
)
def test_a_model_without_a_rule_for_an_order_allows_nothing(name: str, model: str, verdict: type) -> None:
    [test] = load_tests(catalogue.find(name))
    assert isinstance(test, Test)
    result = check(prepare(test), load_model(model), outcomes=True)
    assert isinstance(result.verdict, verdict)
    assert any("acqrel" in gap for gap in result.gaps) is model.startswith("wasm-threads")


BRANCHES = """\
WASM branches
{ i32 x; i32 y; }
module { (func $f shared (local $r i32) MANY) }
thread P { call $f }
thread Q { i32.atomic.store x 1 i32.atomic.store y 1 }
exists (x=2)
"""


def test_unfolding_keeps_to_the_time_limit() -> None:
    """2^13 paths; those that were begun are cut, and no verdict is given."""
    once = "(if (i32.atomic.load (i32.const 0)) (then (local.set $r (i32.add (local.get $r) (i32.const 1)))))"
    test = parse_litmus(Source("branches.litmus", BRANCHES.replace("MANY", once * 13)))
    limits = Limits(seconds=0.2)
    prepared = prepare(test, limits)
    cut = [n.leaf for n in prepared.structure.nodes if n.leaf is not None and n.leaf.status is Status.CUT]
    assert cut and {leaf.reason for leaf in cut} == {"time limit of 0.2 s reached"}
    result = check(prepared, load_model("sc"), limits)
    assert isinstance(result.verdict, Undecided)
    assert any("time limit of 0.2 s reached" in gap for gap in result.gaps)
