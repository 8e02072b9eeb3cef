"""Pairs of modules of the official suite that are linked there: merged, they are valid and do the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from litmus.checking.merging import DEPLOYED
from litmus.language import load_tests
from litmus.language import script as ast
from litmus.language.script import Script, module_of
from litmus.language.spectest import SPECTEST, host_module
from semantics.diagnostics import LinkError, WeftError
from semantics.merging import ImportRef, Merged, merge
from semantics.merging.fields import Space
from semantics.profiles.fork import FORK_GROWING
from semantics.reduction.run import Sequential
from semantics.runtime.actions import Field, Region
from semantics.runtime.configuration import Trap, Value
from semantics.syntax.modules import ExternKind, Module
from semantics.syntax.types import NumType
from semantics.validation import THREADS, validate
from tests.conformance import MISSING, SUITES

CORE = SUITES / "threads-proposal" / "core"
FILES = {"elem": 4, "imports": 27, "linking": 19, "ref_func": 1, "table_copy": 18, "table_init": 6}
"""How many pairs each file has."""


def pairs(name: str) -> Iterator[tuple[str, Module, Module]]:
    """Every module that imports from one registered module and, else, from the host; and that one."""
    (script,) = load_tests(CORE / f"{name}.wast")
    assert isinstance(script, Script)
    named: dict[str | None, Module] = {}
    registered: dict[str, Module] = {}
    for command in script.commands:
        if isinstance(command, ast.Register):
            registered[command.name] = named[command.module]
        if isinstance(command, ast.AssertTrap) and isinstance(command.action, ast.Define):
            command = command.action
        if not isinstance(command, ast.Define):
            continue
        try:
            module = module_of(command.content)
            validate(module, THREADS)
        except WeftError:
            continue
        named[None] = named[command.name] = module
        sources = {i.module for i in module.imports} - {SPECTEST}
        if len(sources) == 1 and (source := sources.pop()) in registered:
            provider = registered[source]
            if {i.module for i in provider.imports} <= {SPECTEST}:
                yield f"{name}:{command.span.line}", module, provider


def trace(importer: Module, provider: Module, merged: Merged | None) -> list[object]:
    """How the pair starts, and what each exported function returns for small arguments, called in order, twice."""
    machine = Sequential(FORK_GROWING, steps=20_000)
    host = machine.instantiate(host_module())[0]
    functions: dict[int, tuple[int, int]] = {}

    def shown(value: Value) -> object:
        """A number; a reference as the function that it is."""
        return value if isinstance(value.type, NumType) else functions.get(value.term, value.term)  # type: ignore[call-overload]

    exports: dict[tuple[int, str], tuple[ExternKind, int]] = {}
    if merged is None:
        first, start = machine.instantiate(provider, [host.exports[i.name][1] for i in provider.imports])
        found: list[object] = [start]
        given = [(host if i.module == SPECTEST else first).exports[i.name][1] for i in importer.imports]
        second, start = machine.instantiate(importer, given)
        found.append(start)
        for side, instance in ((1, first), (0, second)):
            exports.update({(side, name): at for name, at in instance.exports.items()})
            for index, address in enumerate(instance.funcs):
                functions.setdefault(address, (side, index))
    else:
        whole, start = machine.instantiate(merged.module, [host.exports[i.name][1] for i in merged.module.imports])
        found = [(), start]
        exports = {at: whole.exports[name] for at, name in merged.exports.items()}
        for side in (1, 0):
            for index, new in enumerate(merged.renumbering[side].maps[Space.FUNC]):
                functions.setdefault(whole.funcs[new], (side, index))
    if isinstance(found[-1], Trap):
        return found
    for at, (kind, address) in sorted(exports.items(), key=lambda e: e[0]) * 2:
        if kind is ExternKind.FUNC:
            types = machine.store.func(address).type.params
            for argument in (0, 1):
                numbers = (argument if isinstance(t, NumType) else 0 for t in types)
                result = machine.invoke(address, [Value(t, n) for t, n in zip(types, numbers, strict=True)])
                if isinstance(result, tuple) and not isinstance(result, Trap):
                    found.append((at, [shown(v) for v in result]))
                else:
                    found.append((at, result))
        elif kind is ExternKind.TABLE:
            entries = map(
                machine.oracle.entries[address].load, range(machine.oracle.values[Region(address, Field.LEN)])
            )
            found.append((at, [functions.get(a, a) for a in entries]))
    return found


@pytest.mark.parametrize("name", FILES)
def test_pairs_of_the_suite(name: str) -> None:
    if not CORE.is_dir():
        pytest.skip(MISSING)
    count = 0
    for where, importer, provider in pairs(name):
        links = {ImportRef(0, p): i.name for p, i in enumerate(importer.imports) if i.module != SPECTEST}
        count += 1
        try:
            expected = trace(importer, provider, None)
        except LinkError:  # links only once the script has grown a memory: step 1 looks at declared sizes
            with pytest.raises(LinkError, match="step 1"):
                merge((importer, provider), links)
            continue
        merged = merge((importer, provider), links)
        validate(merged.module, DEPLOYED)
        assert trace(importer, provider, merged) == expected, where
    assert count == FILES[name]
