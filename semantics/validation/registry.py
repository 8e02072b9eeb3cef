"""The table of typing rules: name, figure, row, function. Rules enter it through the decorator `typing_rule`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

FIGURE_PAGE = 30  # Fig. 21 stands on this page of the paper

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class TypingRule:
    """One typing rule.

    `name` is T1 ... T37 for Fig. 21 (in print order) and the instruction's or definition's own name otherwise; `figure`
    and `page` are None for rules that the paper takes from the base language. `row` says where the rule is printed: the
    section of Fig. 21, or the section of the core specification (edition 2.0) or of the threads proposal. `subjects`
    are the syntax classes that the rule types. `function` is the premises as code; `doc` the rule in ASCII.
    """

    name: str
    figure: int | None
    row: str
    page: int | None
    function: Callable[..., Any]
    doc: str
    source: str
    subjects: tuple[type, ...] = ()


TYPING_RULES: dict[str, TypingRule] = {}
"""Every rule by name."""

RULE_OF: dict[type, TypingRule] = {}
"""The rule that types a class of syntax node."""


def typing_rule(
    name: str, *subjects: type, row: str, fig: int | None = None, source: str = "paper"
) -> Callable[[F], F]:
    """Enters the decorated function as rule `name` for the node classes `subjects`.

    `source` is "paper" (Fig. 21, then `fig` is 21), "core" (the base language) or "threads" (today's proposal).
    """

    def enter(function: F) -> F:
        if name in TYPING_RULES:
            raise ValueError(f"two typing rules are named {name}")
        page = FIGURE_PAGE if fig is not None else None
        rule = TypingRule(name, fig, row, page, function, function.__doc__ or "", source, subjects)
        TYPING_RULES[name] = rule
        for subject in subjects:
            if subject in RULE_OF:
                raise ValueError(f"two typing rules for {subject.__name__}: {RULE_OF[subject].name} and {name}")
            RULE_OF[subject] = rule
        return function

    return enter
