"""The .litmus format (FORMAT.md): from text to a validated test.

A test becomes one module: shared memory 0, the definitions of the module block, and one shared, exported function per
thread whose named locals are the thread's registers. The host's first thread instantiates it and starts the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from litmus.language.code import expanded_function, export_form, is_function, module_of, thread_function
from litmus.language.compiled import INSTANCE, MEMORY, Compiled, read_compiled
from litmus.language.condition import Names, observables
from litmus.language.host_scripts import Program as Scripts
from litmus.language.host_scripts import require_scripts
from litmus.language.initial_state import State, initial_segments, integer, read_state
from litmus.language.main_tests import (
    environment_cells,
    library_of,
    main_modules,
    main_program,
    require_alone,
    scripts_of,
)
from litmus.language.parts import Parts, Range, ThreadText
from litmus.language.reader import read_parts
from litmus.language.signatures import definitions
from litmus.language.test import (
    REFUSALS,
    Condition,
    DesignExpectation,
    Expectation,
    Kind,
    Quantifier,
    Test,
)
from semantics.diagnostics import Source
from semantics.execution.outcomes import Observable
from semantics.exploration.program import Cell, HostThread, Instantiate, Invoke, Program, Spawn
from semantics.profiles import DEFAULT as FORK
from semantics.profiles import profile as profile_named
from semantics.runtime.profile import Profile
from semantics.syntax.modules import Module
from semantics.syntax.types import PAGE, Limits, NumType, ValType
from semantics.text.literals import read_string
from semantics.text.sexpr import Form, Item, Text, read_forms, text_of
from semantics.validation import validate


def parse_litmus(source: Source, profile: Profile | None = None) -> Test:
    """The test of a `.litmus` text, as the design `profile` writes it; by default the one that the test names.

    Raises NotExpressible where that design lacks what the test uses, TextError for text that is not of the grammar and
    for unknown, duplicate or out-of-range names and values, Invalid where a typing rule refuses the code, and
    Unsupported for what is outside the implemented fragment.
    """
    text = text_of(source)
    parts = read_parts(text)
    _require_distinct(text, parts.threads)
    own = own_profile(text, parts)
    profile = profile or own
    compiled = read_compiled(text, parts.file) if parts.file else None
    state = read_state(text, parts, compiled)
    libraries: dict[str, Module] = {}
    scripts: Scripts | None = None
    if any(thread.script for thread in parts.threads):
        require_scripts(text, parts, profile)
        libraries = {name.text: library_of(text, name, block, state, profile) for name, block in parts.libraries}
        scripts = scripts_of(text, parts, state, libraries, profile)
        module, registers = next(iter(libraries.values()), Module()), scripts.registers
        validate(module, profile.typing)
    elif any(thread.main for thread in parts.threads):
        require_alone(text, parts)
        libraries, module, registers = main_modules(text, parts, state, profile)
    else:
        if parts.libraries:
            name = parts.libraries[0][0]
            message = "a named module needs a main thread or scripts: main T0 { ... }"
            raise text.error(message, name.begin, name.end)
        module, registers = _module(text, parts, state, compiled)
        validate(module, profile.typing)
    threads = tuple(thread.name.text for thread in parts.threads)
    names = Names(text, threads, registers, {name: at.kind for name, at in state.locations.items()})
    condition = _condition(names, parts)
    locations = tuple(names.observable(seen)[0] for seen in parts.locations)
    asked = (*locations, *(observables(condition.proposition) if condition else ()))
    return Test(
        name=parts.name.text,
        description=_description(text, parts),
        program=(
            Program(parts.name.text, scripts.main, environment_cells(state), _observed(text, parts, state, asked))
            if scripts is not None
            else main_program(text, parts, state, module, libraries, _observed(text, parts, state, asked))
            if parts.threads[0].main
            else _program(text, parts, state, module, compiled, _observed(text, parts, state, asked))
        ),
        module=module,
        threads=threads,
        condition=condition,
        locations=locations,
        kinds={**registers, "": names.cells},
        expectations=_expectations(text, parts),
        profile=profile,
        own_profile=own,
        designs=_designs(text, parts),
        bound=_bound(text, parts),
        source=source,
        span=text.span(parts.name.begin, parts.name.end),
    )


class Stated(NamedTuple):
    """What a litmus file says of designs before any of them reads it: its own, and what it expects under which."""

    name: str
    description: str
    own: Profile
    designs: dict[str, DesignExpectation]


def stated(source: Source) -> Stated:
    """What a `.litmus` text says of designs. Raises TextError for text that is not of the grammar."""
    text = text_of(source)
    parts = read_parts(text)
    return Stated(parts.name.text, _description(text, parts), own_profile(text, parts), _designs(text, parts))


# --- the module ---------------------------------------------------------------------------------
def _module(
    text: Text, parts: Parts, state: State, compiled: Compiled | None
) -> tuple[Module, dict[str, dict[str, Kind]]]:
    """The module, and per thread or named function what its registers hold."""
    at = parts.name.begin
    addresses = {name: location.address for name, location in state.locations.items()}
    if compiled is not None:
        fields = compiled.fields(Limits(state.min, state.max), at)
        known = definitions(fields)
    else:
        limits: list[Item] = [(str(state.min), at), (str(state.max), at), ("shared", at)]
        fields = [Form(at, at, [("memory", at), ("$memory", at), export_form(MEMORY, at), *limits])]
        prelude = _prelude(text, parts.prelude)
        known = definitions(prelude)
        for field in prelude:
            fields.append(expanded_function(text, field, addresses, known) if is_function(field) else field)
    attribute: list[Item] = [] if compiled else [("shared", at)]
    for thread in parts.threads:
        fields.append(thread_function(text, thread, addresses, known, state.registers[thread.name.text], attribute))
    module, registers = module_of(text, fields, parts)
    segments = () if compiled else initial_segments(text, state.locations)
    return (replace(module, datas=module.datas + segments) if segments else module), registers


def _prelude(text: Text, block: Range | None) -> list[Item]:
    if block is None:
        return []
    items = read_forms(text, block.begin, block.end).items
    for item in items:
        imported = isinstance(item, Form) and (
            item.head == "import" or any(isinstance(part, Form) and part.head == "import" for part in item.items)
        )
        if imported and isinstance(item, Form):
            raise text.error("a test imports nothing", item.begin, item.end, hint="memory 0 is the test's own")
    return items


# --- the program --------------------------------------------------------------------------------
def _program(
    text: Text, parts: Parts, state: State, module: Module, compiled: Compiled | None, observed: tuple[str, ...]
) -> Program:
    spawns = []
    for thread in parts.threads:
        name = thread.name.text
        arguments: tuple[tuple[ValType, int], ...] = tuple(
            (NumType(register.type), register.value) for register in state.registers[name].values()
        )
        own = compiled.of_thread(name, module) if compiled else ()
        invoke = Invoke(name if compiled else INSTANCE, name, arguments)
        spawns.append(Spawn(HostThread(name, (*own, invoke))))
    cells = tuple(
        Cell(name, INSTANCE, MEMORY, location.address, location.bits // 8) for name, location in state.locations.items()
    )
    first = module
    if compiled is not None and parts.file is not None:
        span = text.span(parts.file.begin, parts.file.end)
        first = compiled.memory_owner(Limits(state.min, state.max), initial_segments(text, state.locations), span)
    main = HostThread("host", (Instantiate(INSTANCE, first), *spawns), hidden=True)
    return Program(parts.name.text, main, cells, observed)


def _observed(text: Text, parts: Parts, state: State, asked: tuple[Observable, ...]) -> tuple[str, ...]:
    """The cells to read at the end: those that the condition or `locations` names."""
    names = tuple(dict.fromkeys(name for thread, name in asked if not thread))
    for name in names:
        location = state.locations[name]
        if location.address + location.bits // 8 > state.min * PAGE:
            token = location.token
            message = f"the final value of {name} cannot be observed: it lies beyond the initial memory"
            raise text.error(message, token.begin, token.end)
    return names


# --- the rest -----------------------------------------------------------------------------------
def _require_distinct(text: Text, threads: list[ThreadText]) -> None:
    seen: set[str] = set()
    for thread in threads:
        name = thread.name
        if name.text in seen:
            raise text.error(f"duplicate thread {name.text}", name.begin, name.end)
        seen.add(name.text)


def _description(text: Text, parts: Parts) -> str:
    token = parts.description
    if token is None:
        return ""
    raw = read_string(token.text)
    try:
        return (raw or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise text.error("the description is not UTF-8", token.begin, token.end) from None


def _condition(names: Names, parts: Parts) -> Condition | None:
    if parts.condition is None:
        return None
    token, quantifier, raw = parts.condition
    return Condition(quantifier, names.proposition(raw), names.text.span(token.begin, token.end))


def _expectations(text: Text, parts: Parts) -> dict[str, Expectation]:
    found: dict[str, Expectation] = {}
    for design, models, verdict, detail in parts.expectations:
        if design:
            continue
        if detail is not None:
            raise text.error(f"unexpected {detail.text}", detail.begin, detail.end, expected=('";"',))
        if parts.condition is None:
            raise text.error("an expectation without a condition", verdict.begin, verdict.end)
        forall = parts.condition[1] is Quantifier.FORALL
        known = [e.value for e in Expectation if (e in (Expectation.HOLDS, Expectation.FAILS)) is forall]
        if verdict.text not in known:
            message = f"{verdict.text} is no verdict after {parts.condition[1].value}"
            raise text.error(message, verdict.begin, verdict.end, expected=tuple(known))
        for model in models:
            if model.text in found:
                raise text.error(f"a second expectation for {model.text}", model.begin, model.end)
            found[model.text] = Expectation(verdict.text)
    return found


def own_profile(text: Text, parts: Parts) -> Profile:
    """The design that the test names, else the default."""
    token = parts.profile
    return FORK if token is None else profile_named(token.text, text.span(token.begin, token.end))


def _designs(text: Text, parts: Parts) -> dict[str, DesignExpectation]:
    """What is expected under profiles, by their names."""
    found: dict[str, DesignExpectation] = {}
    for design, names, verdict, detail in parts.expectations:
        if not design:
            continue
        answers = [] if parts.condition is None else [e.value for e in Expectation]
        if verdict.text not in (*answers, *REFUSALS):
            message = f"{verdict.text} is no verdict under a profile"
            raise text.error(message, verdict.begin, verdict.end, expected=(*answers, *REFUSALS))
        for name in names:
            span = text.span(name.begin, name.end)
            if profile_named(name.text, span).name in found:
                raise text.error(f"a second expectation for {name.text}", name.begin, name.end)
            found[name.text] = DesignExpectation(verdict.text, detail.text if detail else "")
    return found


def _bound(text: Text, parts: Parts) -> int | None:
    return None if parts.bound is None else integer(text, parts.bound, 1, 1 << 20, "a bound of loop iterations")
