"""What several verbs need: the models and limits of the command line, and the tests that it names."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from litmus import catalogue
from litmus.checking.check import Prepared, prepare
from litmus.checking.decide import models_under
from litmus.checking.limits import Limits, Options
from litmus.language import Test, load_tests
from semantics.axioms.model import Model
from semantics.diagnostics import TextError
from semantics.profiles import profile


def limits_of(options: Namespace) -> Limits:
    """--bound and --time-limit."""
    return Limits(options.bound, options.time_limit)


def one_test(options: Namespace) -> tuple[Prepared, list[Model]]:
    """The litmus test that the command line names, unfolded, and the models that it asks for.

    Raises TextError for a script: it has no condition and no table.
    """
    path = Path(options.file)
    if not path.exists() and not path.suffix:
        path = catalogue.find(options.file)
    design = profile(options.profile) if options.profile else None
    tests = [t for t in load_tests(path, design) if isinstance(t, Test)]
    if not tests:
        raise TextError(f"{path} is a script: it has no condition", hint="weft run decides its assertions")
    models = models_under(tests[0], Options(tuple(options.model)))
    return prepare(tests[0], limits_of(options)), models
