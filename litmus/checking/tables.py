"""Tables of what weft has: models, rules, and which rules a run exercised."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from litmus.checking.check import prepare, unfold
from litmus.checking.errors import bad_input
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.result import Coverage
from litmus.checking.run import Collected
from litmus.language import Test, load_tests
from litmus.language.script_lowering import lower
from semantics.axioms import ALIASES, DEFAULT, load_model, shipped_models
from semantics.diagnostics import WeftError
from semantics.profiles import PROFILES
from semantics.reduction.rules import RULES, Rule
from semantics.validation import TYPING_RULES

Row = tuple[str, ...]


def model_rows() -> list[Row]:
    """A row for each shipped model: name, title, options and aliases."""
    rows: list[Row] = [("model", "title", "options", "also called")]
    for name in shipped_models():
        model = load_model(name)
        options = " ".join(("+" if on else "-") + option for option, on in model.options.items())
        also = [alias for alias, target in ALIASES.items() if target == name]
        rows.append((name, model.title, options or "-", ", ".join(also + ["the default"] * (name == DEFAULT)) or "-"))
    return rows


def profile_rows() -> list[Row]:
    """A row for each design: name, the model that it takes, and what it is."""
    return [("profile", "model", "what it is"), *((p.name, p.model, p.summary) for p in PROFILES.values())]


def rule_rows() -> list[Row]:
    """A row for each rule: kind, name, figure, row, page and the first line of what it says."""
    rows: list[Row] = [("kind", "rule", "figure", "row", "page")]
    for rule in by_figure():
        rows.append(("reduction", rule.name, _figure(rule.figure), _or_dash(rule.row), _or_dash(rule.page)))
    for typing in TYPING_RULES.values():
        rows.append(("typing", typing.name, _figure(typing.figure or typing.source), typing.row, _or_dash(typing.page)))
    return rows


def by_figure() -> list[Rule]:
    """The reduction rules, those of figures first."""
    return sorted(RULES.values(), key=lambda r: r.figure if isinstance(r.figure, int) else math.inf)


def _figure(figure: int | str) -> str:
    return f"Fig. {figure}" if isinstance(figure, int) else figure


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def coverage(collected: Collected, limits: Limits = UNLIMITED) -> Coverage:
    """Unfolds the tests and counts. Nothing is asked of a model: an unfolding explores all paths."""
    fired: Counter[str] = Counter()
    errors = list(collected.errors)
    tests = 0
    for path in collected.files:
        try:
            for test in load_tests(path):
                if isinstance(test, Test):
                    fired.update(prepare(test, limits).structure.rules)
                else:
                    fired.update(unfold(lower(test, path.name).program, limits).rules)
                tests += 1
        except WeftError as error:
            errors.append(bad_input(str(path), error))
    return Coverage(tuple(_lines(fired)), tests, tuple(errors))


def _lines(fired: Counter[str]) -> Iterator[tuple[str, str, int]]:
    for rule in by_figure():
        yield rule.name, _figure(rule.figure), fired[rule.name]
    for name in sorted(set(fired) - set(RULES)):
        yield name, "-", fired[name]
