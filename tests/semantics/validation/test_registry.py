"""The table of rules: complete over the syntax, and each rule says what it is."""

from __future__ import annotations

from typing import get_args

import pytest

from semantics.profiles import PROFILES
from semantics.reduction.designs import EFFECTS
from semantics.syntax.instructions import Call, DesignInstr, Instr
from semantics.text.opcodes import ROWS
from semantics.validation import TYPING_RULES
from semantics.validation.registry import RULE_OF, typing_rule

assert PROFILES  # their files enter instructions too
WRITTEN = {kind for kind in EFFECTS if ROWS.get(kind.opcode, (None, None))[1] is kind}  # not bodies of an embedder's
INSTRUCTIONS = sorted(({*get_args(Instr)} - {DesignInstr}) | WRITTEN, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("instruction", INSTRUCTIONS, ids=lambda c: c.__name__)
def test_every_instruction_has_a_rule(instruction):
    assert instruction in RULE_OF


@pytest.mark.parametrize("rule", TYPING_RULES.values(), ids=list(TYPING_RULES))
def test_every_rule_states_itself(rule):
    """The docstring has a line, and the rule knows where it is printed."""
    lines = [line.strip() for line in rule.doc.splitlines()]
    assert any(len(line) >= 8 and set(line) == {"-"} for line in lines)
    assert rule.row
    assert (rule.figure, rule.page) == ((21, 30) if rule.source == "paper" else (None, None))
    assert rule.source in {"paper", "core", "threads", "design"}


def test_the_bar_is_as_wide_as_the_rule():
    """Premises, a bar, the conclusion."""
    for rule in TYPING_RULES.values():
        lines = [line.strip() for line in rule.doc.strip().splitlines()]
        bars = [i for i, line in enumerate(lines) if line and set(line) == {"-"}]
        assert len(bars) == 1, rule.name
        conclusion = lines[bars[0] + 1]
        assert len(lines[bars[0]]) == max(len(line) for line in [conclusion, *lines[: bars[0]]]), rule.name


def test_names_and_subjects_are_unique():
    with pytest.raises(ValueError, match="two typing rules are named T12"):
        typing_rule("T12", row="x")(lambda: None)
    with pytest.raises(ValueError, match="two typing rules for Call: T12 and fresh"):
        typing_rule("fresh", Call, row="x")(lambda: None)
    assert RULE_OF[Call] is TYPING_RULES["T12"]
    del TYPING_RULES["fresh"]
