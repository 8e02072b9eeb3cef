"""The registry: nothing undocumented, nothing unnamed, no instruction without a rule."""

from __future__ import annotations

from typing import get_args

from semantics.profiles import PROFILES
from semantics.reduction.designs import EFFECTS
from semantics.reduction.operands import CONCRETE, COUNT, COUNT_OF
from semantics.reduction.rules import FILES, REDEXES, RULES
from semantics.syntax.instructions import DesignInstr, Instr

SUFFIXES = ("-ok", "-oob", "-null", "-mismatch", "-grow", "-fail", "-equal", "-unequal", "-unaligned")
PRINTED = {4: 2, 5: 4, 6: 3, 7: 6, 8: 6, 9: 3, 10: 6, 11: 5, 22: 1}
"""Rows in print; the seventh of Fig. 10 is `instantiate`, which Fig. 22 spells out."""


def test_every_rule_has_its_row_as_docstring() -> None:
    for rule in RULES.values():
        assert len(rule.doc) > 10, rule.name
        assert "-->" in rule.doc or "is a value" in rule.doc, rule.name


def test_names_end_in_the_fixed_vocabulary() -> None:
    assert [name for name in RULES if not name.endswith(SUFFIXES)] == []
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.function.__name__ == name.replace("-", "_")


def test_every_instruction_has_a_rule_and_a_number_of_operands() -> None:
    assert PROFILES  # their files enter instructions too
    for kind in ({*get_args(Instr)} - {DesignInstr}) | EFFECTS.keys():
        assert REDEXES.get(kind), kind
        assert (kind in COUNT) != (kind in COUNT_OF), kind


def test_concrete_positions_are_operands() -> None:
    for kind, positions in CONCRETE.items():
        assert kind in COUNT_OF or all(p < COUNT[kind] for p in positions), kind


def test_every_printed_row_is_there_once() -> None:
    for figure, count in PRINTED.items():
        rows = [r.row for r in RULES.values() if r.figure == figure and r.row is not None]
        assert sorted(rows) == list(range(1, count + 1)), figure
        assert all(r.page is not None for r in RULES.values() if r.figure == figure and r.row is not None)


def test_one_file_for_each_figure() -> None:
    """And one for each design: the rules of a section of systems.md, part B, stand in semantics.profiles."""
    files = {file.__name__ for file in FILES}
    for rule in RULES.values():
        where = rule.function.__module__
        home = where.rpartition(".")[2]
        if where not in files:  # a design's
            assert where.startswith("semantics.profiles.") or home == "relinking", rule.name
            assert str(rule.figure).startswith("B."), rule.name
        if isinstance(rule.figure, int):
            assert home.startswith(f"fig{rule.figure:02}_"), rule.name
