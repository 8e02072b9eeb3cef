"""One test or script under all the designs and models that it is to be decided under."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from litmus.checking.check import check, prepare
from litmus.checking.limits import Options
from litmus.checking.result import Result, ScriptResult, Subject, slim
from litmus.checking.scripts import check_script
from litmus.checking.verdict import Refused, Undecided
from litmus.language import DesignExpectation, Expectation, Stated, Test, parse_litmus, stated
from litmus.language.script import Script
from semantics.axioms import DEFAULT, load_model
from semantics.axioms.model import Model
from semantics.diagnostics import Invalid, LinkError, NotExpressible, Source, TextError, WeftError, render
from semantics.profiles import DEFAULT as FORK
from semantics.profiles import profile
from semantics.runtime.profile import Profile

REFUSES = (Invalid, NotExpressible, LinkError)


def decide_litmus(source: Source, options: Options) -> list[Result]:
    """A litmus file under each design that is asked for. Where several are, or the file says that it expects so, a
    design that refuses the program is a verdict; else it is the error of the input."""
    said = stated(source)
    designs = [profile(name) for name in options.profiles]
    if not designs:
        designs = [said.own, *(profile(name) for name in said.designs if name != said.own.name)]
    results: list[Result] = []
    for design in designs:
        expected = said.designs.get(design.name)
        try:
            results += _under(source, design, expected, options)
        except REFUSES as error:
            if expected is None and len(designs) == 1:
                raise
            results.append(refusal(said, source, design, error))
    return results


def _under(source: Source, design: Profile, expected: DesignExpectation | None, options: Options) -> list[Result]:
    test = parse_litmus(source, design)
    prepared = prepare(test, options.limits)
    models = models_under(test, options, expected)
    by_model = expectations(test) if design.name == test.own_profile.name else {}
    results = []
    for model in models:
        wanted = by_model.get(model.name)
        if wanted is None and expected is not None and not expected.refuses and model.name == _own_model(design).name:
            wanted = Expectation(expected.verdict)
        result = check(prepared, model, options.limits, expected=wanted, outcomes=options.outcomes, why=options.why)
        if expected is not None and expected.refuses and not isinstance(result.verdict, Undecided):
            result = replace(result, expected=expected, agrees=False)
        results.append(slim(result))
    return results


def _own_model(design: Profile) -> Model:
    return load_model(design.model)


def models_under(test: Test, options: Options, expected: DesignExpectation | None = None) -> list[Model]:
    """The models asked for; else those for which the test, under its own design, states an expectation, and the
    design's own where the design is asked for, by the test too, or something is expected of it."""
    own = test.profile.name == test.own_profile.name
    says = bool(test.expectations) or test.profile.name == FORK.name
    if options.models or (own and says and expected is None and not options.profiles):
        return models_of(test, options)
    stated = models_of(test, options) if own and test.expectations else []
    return list({m.name: m for m in (*stated, _own_model(test.profile))}.values())


def refusal(said: Stated, source: Source, design: Profile, error: WeftError) -> Result:
    """The result of a program that a design refuses."""
    found = refused(error)
    expected = said.designs.get(design.name)
    agrees = None
    if expected is not None:
        agrees = expected.verdict == found.verdict and expected.detail in ("", found.detail)
    digest = hashlib.md5(source.text.encode(), usedforsecurity=False).hexdigest()
    subject = Subject(said.name, source.name, None, (), (), digest, said.description)
    verdict = Refused(found, render(error))
    return Result(subject, design.model, verdict, None, expected, agrees, 0.0, profile=design.name)


def refused(error: WeftError) -> DesignExpectation:
    """How a design refuses, in the words of an expectation."""
    if isinstance(error, Invalid):
        return DesignExpectation("invalid", error.rule.replace(" ", "-"))
    if isinstance(error, NotExpressible):
        return DesignExpectation("inexpressible", error.feature.replace(" ", "-"))
    return DesignExpectation("unlinkable")


def decide(test: Test | Script, options: Options) -> list[Result | ScriptResult]:
    """One result for each model of a test that is read."""
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
