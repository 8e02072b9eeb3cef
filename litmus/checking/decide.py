"""One test or script under all the models that it is to be decided under."""

from __future__ import annotations

from litmus.checking.check import check, prepare
from litmus.checking.limits import Options
from litmus.checking.result import Result, ScriptResult, slim
from litmus.checking.scripts import check_script
from litmus.language import Expectation, Test
from litmus.language.script import Script
from semantics.axioms import DEFAULT, load_model
from semantics.axioms.model import Model
from semantics.diagnostics import TextError


def decide(test: Test | Script, options: Options) -> list[Result | ScriptResult]:
    """One result for each model."""
    if not isinstance(test, Test):
        return [check_script(test, m, options.limits) for m in models_of(None, options)]
    prepared = prepare(test, options.limits)
    expected = expectations(test)
    return [
        slim(
            check(
                prepared,
                m,
                options.limits,
                expected=expected.get(m.name),
                outcomes=options.outcomes,
                why=options.why,
            )
        )
        for m in models_of(test, options)
    ]


def expectations(test: Test) -> dict[str, Expectation]:
    """What a test expects, by the models' own names. Raises TextError for a model that does not exist."""
    return {_stated(name, test).name: expected for name, expected in test.expectations.items()}


def models_of(test: Test | None, options: Options) -> list[Model]:
    """The models to decide a test under: those asked for, or those of its expectations, or the default."""
    if options.models or test is None or not test.expectations:
        found = [load_model(name) for name in options.models or (DEFAULT,)]
    else:
        found = [_stated(name, test) for name in test.expectations]
    return list({m.name: m for m in found}.values())


def _stated(name: str, test: Test) -> Model:
    """A model that a test names; where there is none, the error has the test's place."""
    try:
        return load_model(name)
    except TextError as error:
        raise TextError(error.message, error.span or test.span, expected=error.expected, hint=error.hint) from error
