"""The report for people."""

from __future__ import annotations

from litmus.checking.result import AuditResult, Comparison, Count, Passed
from litmus.language import Expectation, Quantifier
from litmus.reporting import text
from tests.litmus.reporting.results import ALL, BAD, report, result, script, subject

RUN = """\
test  model         verdict    expected
SB    wasm-threads  allowed    allowed   ok
      sc            forbidden  allowed   UNEXPECTED
LB    sc            allowed    -

2 tests, 3 verdicts: 1 as expected, 1 not, 0 undecided, 1 with nothing expected.
Exploration complete: no bound was reached.
1.50 s
"""


def test_run_is_a_table_and_a_summary() -> None:
    found = text.run(
        report(
            result(),
            result(outcomes=ALL[1:], model="sc"),
            result(name="LB", model="sc", expected=None),
        )
    )
    assert found == RUN


def test_an_unexpected_allowed_outcome_is_shown() -> None:
    found = text.run(report(result(expected=Expectation.FORBIDDEN)))
    assert "UNEXPECTED: P:r0=0 Q:r0=0" in found


def test_forall_is_answered_in_its_own_words() -> None:
    found = text.run(report(result(Quantifier.FORALL, ALL[:1], expected=Expectation.HOLDS)))
    assert "holds    holds     ok" in found


def test_incompleteness_is_always_told() -> None:
    found = text.run(report(result(outcomes=ALL[1:], gaps=("bound reached: the loop of P",))))
    assert "undecided" in found
    assert "Exploration incomplete:\n  SB  wasm-threads  bound reached: the loop of P\n" in found
    assert "Exploration complete" not in found


def test_bad_files_are_told_at_the_end() -> None:
    found = text.run(report(result(), error=BAD))
    assert BAD.text in found
    assert "1 bad file.\n" in found
    assert found.index(BAD.text) > found.index("SB ")


def test_interruption_tells_how_far_it_got() -> None:
    assert "Interrupted: 1 of 2 files decided." in text.run(report(result(), interrupted=True))


def test_failed_assertions_have_their_place_and_reason() -> None:
    found = text.run(report(script(Passed.YES, Passed.NO)))
    assert "MP.wast under sc: 1 of 2 assertions passed, 1 FAILED (0.25 s)\n" in found
    assert "  MP.wast:51: failed: assert_return (get)\n    it returns 0\n" in found
    assert "1 script, 2 assertions: 1 passed, 1 failed, 0 undecided.\n" in found


def _audit(allowed, accepted) -> AuditResult:
    possible = tuple((a, b) for a in (0, 1) for b in (0, 1))
    return AuditResult("MP.wast", 50, "assert_return", "sc", ("mem[0]/4", "mem[4]/4"), possible, allowed, accepted)


def test_an_audit_names_what_it_finds() -> None:
    weak = _audit(((0, 0),), ((0, 0), (0, 1)))
    assert weak.verdict == "too weak"
    assert "    accepted although forbidden: (0, 1)\n" in text.run(report(script(Passed.YES, audits=(weak,))))
    strong = _audit(((0, 0), (0, 1)), ((0, 0),))
    assert strong.verdict == "too strong"
    assert "    refused although allowed: (0, 1)\n" in text.run(report(script(Passed.NO, audits=(strong,))))
    both = _audit(((0, 0),), ((0, 1),))
    assert both.verdict == "too weak and too strong"
    exact = _audit(((0, 0),), ((0, 0),))
    assert exact.verdict == "exact"
    assert "cannot fail" not in text.run(report(script(Passed.YES, audits=(exact,))))


def test_an_assertion_that_accepts_everything_is_called_out() -> None:
    everything = _audit(((0, 0),), tuple((a, b) for a in (0, 1) for b in (0, 1)))
    assert "it cannot fail" in text.run(report(script(Passed.YES, audits=(everything,))))


OUTCOMES = """\
SB: exists (P:r0=0 /\\ Q:r0=0)
  P:r0  Q:r0  wasm     sc
  0     0     allowed  forbidden
  0     1     allowed  allowed
  1     0     allowed  ?
2 outcomes under wasm; complete
1 outcome under sc; incomplete: a bound
"""


def test_outcome_table() -> None:
    rows = ((ALL[1], (True, True)), (ALL[0], (True, False)), (ALL[2], (True, None)))
    compared = Comparison(subject(), ("wasm", "sc"), rows, ((), ("a bound",)), 8, 0.1)
    assert text.comparison(compared) == OUTCOMES.replace("2 outcomes under wasm", "3 outcomes under wasm")


def test_counts() -> None:
    found = text.counts([Count(subject(), "wasm", 4, ()), Count(subject(), "sc", 3, ("a bound",))])
    assert found == "SB  wasm  4  complete\nSB  sc    3  incomplete: a bound\n"
