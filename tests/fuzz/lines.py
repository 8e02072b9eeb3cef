"""What becomes of a mutant, down each of the lines that input takes."""

from __future__ import annotations

import contextlib

from litmus.checking.decide import decide
from litmus.checking.limits import Limits, Options
from litmus.checking.result import FileReport, Report
from litmus.language import parse_litmus
from litmus.language.script import parse_script
from litmus.language.script_lowering import lower
from litmus.language.spectest import SPECTEST, host_module
from litmus.reporting import json, junit
from litmus.reporting import text as text_report
from semantics.binary import decode_module, encode_module
from semantics.diagnostics import Source, Unsupported, WeftError
from semantics.profiles.fork import FORK_GROWING
from semantics.reduction.run import Sequential
from semantics.runtime.configuration import Value
from semantics.syntax.modules import ExternKind, Module
from semantics.text import parse_module
from semantics.text.printer import print_module
from semantics.validation import THREADS, validate

STEPS = 500
VALID = "valid"


def binary(data: bytes) -> str:
    """decode -> validate -> encode, print and parse again -> instantiate and run a little."""
    return _module(decode_module(data, "mutant.wasm"))


def text(content: str) -> str:
    """parse -> validate -> encode, print and parse again -> instantiate and run a little."""
    return _module(parse_module(Source("mutant.wat", content)))


def script(content: str) -> str:
    """parse -> read and validate every module -> lower."""
    lower(parse_script(Source("mutant.wast", content)), "mutant.wast")
    return VALID


def litmus(content: str) -> str:
    """parse -> validate."""
    parse_litmus(Source("mutant.litmus", content))
    return VALID


def whole(content: str) -> str:
    """All that `weft run` does with a test, with small limits, and the reports in every form."""
    test = parse_litmus(Source("mutant.litmus", content))
    results = tuple(decide(test, Options(("wasm-threads", "sc"), Limits(loop=2, seconds=1.0), why=True)))
    report = Report((FileReport("mutant.litmus", results),), 1, 0.0)
    for written in (text_report.run(report), json.run(report, "0"), junit.run(report)):
        assert written
    return VALID


def _module(module: Module) -> str:
    validate(module, THREADS)
    _again(module)
    _run(module)
    return VALID


def _again(module: Module) -> None:
    """What was read is the same after it was written, in both formats."""
    printed = parse_module(Source("printed.wat", print_module(module)))
    assert printed == module, "text does not read back"
    try:
        encoded = encode_module(module)
    except Unsupported:
        return
    decoded = decode_module(encoded, "encoded.wasm")
    assert encode_module(decoded) == encoded, "binary does not read back"


def _run(module: Module) -> None:
    """Instantiates a module that imports nothing but `spectest`, and calls the exported functions with zeros."""
    machine = Sequential(FORK_GROWING, steps=STEPS)
    imports: list[int] = []
    if module.imports:
        offered = machine.instantiate(host_module())[0].exports
        for wanted in module.imports:
            if wanted.module != SPECTEST or wanted.name not in offered:
                return
            imports.append(offered[wanted.name][1])
    try:
        instance, _ = machine.instantiate(module, imports)
    except WeftError as error:
        if error.family in ("link error", "unsupported"):
            return
        raise
    functions = [address for kind, address in instance.exports.values() if kind is ExternKind.FUNC]
    for address in functions[:5]:
        params = machine.store.func(address).type.params
        with contextlib.suppress(Unsupported):
            machine.invoke(address, tuple(Value(t, 0) for t in params))
