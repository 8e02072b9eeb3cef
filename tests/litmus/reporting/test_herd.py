"""The herd log, to the letter."""

from __future__ import annotations

from litmus.language import Quantifier
from litmus.reporting import herd
from semantics.execution.structure import Status
from tests.litmus.reporting.results import ALL, R0, R1, X, outcome, report, result, script

EXISTS = """\
Test SB Allowed
States 4
0:r0=0; 1:r0=0;
0:r0=0; 1:r0=1;
0:r0=1; 1:r0=0;
0:r0=1; 1:r0=1;
Ok
Witnesses
Positive: 1 Negative: 3
Condition exists (0:r0=0 /\\ 1:r0=0)
Observation SB Sometimes 1 3
Time SB 0.01
Hash=5d03da51985940025b1aac3b41cafe8e
Model=wasm-threads
Bound=8
Complete=yes

"""

NOT_EXISTS = """\
Test SB Forbidden
States 3
0:r0=0; 1:r0=1;
0:r0=1; 1:r0=0;
0:r0=1; 1:r0=1;
Ok
Witnesses
Positive: 3 Negative: 0
Condition ~exists (0:r0=0 /\\ 1:r0=0)
Observation SB Never 0 3
Time SB 0.01
Hash=5d03da51985940025b1aac3b41cafe8e
Model=sc
Bound=8
Complete=yes

"""

FORALL = """\
Test SB Required
States 4
0:r0=0; 1:r0=0;
0:r0=0; 1:r0=1;
0:r0=1; 1:r0=0;
0:r0=1; 1:r0=1;
No
Witnesses
Positive: 1 Negative: 3
Condition forall (0:r0=0 /\\ 1:r0=0)
Observation SB Sometimes 1 3
Time SB 0.01
Hash=5d03da51985940025b1aac3b41cafe8e
Model=wasm-threads
Bound=8
Complete=yes

"""

CUT = """\
Test SB Allowed
States 1
0:r0=1; 1:r0=1;
Loop Undef
Witnesses
Positive: 0 Negative: 1
Condition exists (0:r0=0 /\\ 1:r0=0)
Observation SB Never 0 1
Time SB 0.01
Hash=5d03da51985940025b1aac3b41cafe8e
Model=wasm-threads
Bound=8
Complete=no: bound reached: loop of T0

"""


def test_exists() -> None:
    assert herd.block(result()) == EXISTS


def test_not_exists() -> None:
    assert herd.block(result(Quantifier.NOT_EXISTS, ALL[1:], model="sc")) == NOT_EXISTS


def test_forall() -> None:
    assert herd.block(result(Quantifier.FORALL)) == FORALL


def test_a_bound_that_was_reached_is_a_loop_and_leaves_the_question_open() -> None:
    assert herd.block(result(outcomes=ALL[3:], gaps=("bound reached: loop of T0",))) == CUT


def test_states_are_sorted_by_number() -> None:
    found = herd.block(result(outcomes=(outcome(10, 0), outcome(9, 0))))
    assert "0:r0=9; 1:r0=0;\n0:r0=10; 1:r0=0;\n" in found


def test_locations_stand_in_brackets_and_only_what_is_shown_stands() -> None:
    found = herd.block(result(outcomes=(outcome(1, 0, x=2),), shown=(R0, X)))
    assert "States 1\n0:r0=1; [x]=2;\nNo\n" in found


def test_outcomes_that_look_alike_are_one_state() -> None:
    assert "States 2\n" in herd.block(result(shown=(R1,)))


def test_a_trap_is_seen_in_the_states() -> None:
    found = herd.block(result(outcomes=(outcome(1, 1), outcome(1, None, q_status=Status.TRAP))))
    assert "0:r0=1; 1:r0=none; 0:status=done; 1:status=trap;\n" in found
    assert "0:r0=1; 1:r0=1; 0:status=done; 1:status=done;\n" in found


def test_one_block_for_each_result_and_none_for_scripts() -> None:
    log = herd.report(report(result(), script(), result(Quantifier.NOT_EXISTS, ALL[1:], model="sc")).files)
    assert log == EXISTS + NOT_EXISTS
