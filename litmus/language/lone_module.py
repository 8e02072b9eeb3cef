"""A module alone as a test: the host instantiates it, and asks whether that ends in every execution.

What an outcome shows is how the instantiation ended, and what the host reads after it from the exported globals that
hold numbers.
"""

from __future__ import annotations

from pathlib import Path

from litmus.language.modules import load_valid_module
from litmus.language.spectest import SPECTEST, host_module
from litmus.language.test import Condition, Expectation, Kind, Quantifier, Test
from semantics.diagnostics import LinkError, Source, Span
from semantics.execution.outcomes import HasStatus
from semantics.execution.structure import Status
from semantics.exploration.program import Command, Get, HostThread, Instantiate, Program, Provider
from semantics.syntax.modules import Import, Module
from semantics.syntax.types import GlobalType, NumType
from semantics.validation import match_extern
from semantics.validation.spaces import interface

HOST, INSTANCE = "host", "module"
EXPECTED = "wasm-threads"
"""The model under which a module is expected to instantiate: the default of the command line."""


def lone_module(path: Path) -> Test:
    """The test that a `.wat` or `.wasm` file is: `forall (host:done)`.

    Raises what is wrong with the module, and LinkError where it imports anything but what `spectest` exports.
    """
    module = load_valid_module(path)
    span = module.span or Span(Source(str(path), ""), 1, 1, 1, 1)
    providers = tuple(_provider(path, module, wanted, span) for wanted in module.imports)
    types = interface(module)[1]
    numbers = {
        export.name: Kind(type.type.bits, not type.type.is_integer)
        for export, type in zip(module.exports, types, strict=True)
        if isinstance(type, GlobalType) and isinstance(type.type, NumType)
    }
    commands: list[Command] = [Instantiate(SPECTEST, host_module())] if providers else []
    commands.append(Instantiate(INSTANCE, module, providers, span))
    commands += (Get(INSTANCE, name, name, span) for name in numbers)
    return Test(
        name=path.stem,
        description="",
        program=Program(path.stem, HostThread(HOST, tuple(commands))),
        module=module,
        threads=(HOST,),
        condition=Condition(Quantifier.FORALL, HasStatus(HOST, Status.DONE), span),
        locations=tuple((HOST, n) for n in numbers),
        kinds={HOST: numbers},
        expectations={EXPECTED: Expectation.HOLDS},
        bound=None,
        source=Source(str(path), "" if span.source.binary else span.source.text),
        span=span,
    )


def _provider(path: Path, module: Module, wanted: Import, span: Span) -> Provider:
    host = host_module()
    offered = dict(zip((e.name for e in host.exports), interface(host)[1], strict=True))
    actual = offered.get(wanted.name) if wanted.module == SPECTEST else None
    if actual is None or not match_extern(actual, wanted.type):
        exports = ", ".join(f'{e.kind.value} "{e.name}"' for e in module.exports) or "nothing"
        hint = (
            f'a .litmus file provides a shared memory: module "{path.name}", then threads that call its exports '
            f"(litmus/FORMAT.md); it exports {exports}"
        )
        what = f'"{wanted.module}" "{wanted.name}"'
        message = f"{'incompatible import type of' if actual else 'unknown import'} {what}"
        raise LinkError(f"{message}: a module alone is given what {SPECTEST} exports", wanted.span or span, hint=hint)
    return Provider(SPECTEST, wanted.name)
