"""Tests that are written once for every design (FORMAT.md, "Main tests"), and host scripts: modules and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from litmus.language.code import expanded_field, module_of, thread_function
from litmus.language.compiled import INSTANCE, MEMORY
from litmus.language.host_objects import Buffer
from litmus.language.host_scripts import Program as Scripts
from litmus.language.host_scripts import lower
from litmus.language.initial_state import State, initial_segments
from litmus.language.parts import Parts, Range, Token
from litmus.language.signatures import definitions
from litmus.language.spawning import ENVIRONMENT, elaborate, flag, without_attributes
from litmus.language.test import Kind
from semantics.diagnostics import Invalid
from semantics.exploration.program import Cell, Command, HostThread, Instantiate, Invoke, Program, Provider
from semantics.runtime.profile import Profile
from semantics.syntax.modules import Export, ExternKind, Memory, Module
from semantics.syntax.types import Limits, MemType, NumType, Share, ValType
from semantics.text.cursor import Cursor
from semantics.text.modules import read_module
from semantics.text.sexpr import Form, Text, read_forms
from semantics.validation import validate


def require_alone(text: Text, parts: Parts) -> None:
    """A main thread is the only one: it starts the others."""
    if len(parts.threads) > 1:
        name = parts.threads[1].name
        message = "a test with a main thread has no other: main starts them with spawn"
        raise text.error(message, name.begin, name.end)
    if parts.file is not None:
        raise text.error("a module file has no main thread", parts.file.begin, parts.file.end)


def main_modules(
    text: Text, parts: Parts, state: State, profile: Profile
) -> tuple[dict[str, Module], Module, dict[str, dict[str, Kind]]]:
    """The valid modules of a main test in a design's own words.

    Where nothing but a check as the program runs wants the functions of threads shared (P6, B.6), functions that are
    invalid as shared ones are local.
    """
    try:
        libraries = {name.text: library_of(text, name, block, state, profile) for name, block in parts.libraries}
        module, registers = _main_module(text, parts, state, profile)
        validate(module, profile.typing)
    except Invalid:
        if profile.typing.entry != "dynamic":
            raise
        return main_modules(text, parts, state, replace(profile, typing=replace(profile.typing, entry="none")))
    return libraries, module, registers


def _main_module(text: Text, parts: Parts, state: State, profile: Profile) -> tuple[Module, dict[str, dict[str, Kind]]]:
    """The module of a main test in a design's own words: it imports the test's memory; its main thread is local."""
    at = parts.name.begin
    addresses = {name: location.address for name, location in state.locations.items()}
    [thread] = parts.threads
    prelude = read_forms(text, parts.prelude.begin, parts.prelude.end).items if parts.prelude else []
    code = [item for part in thread.code for item in read_forms(text, part.begin, part.end).items]
    sizes = f"{state.min} {state.max} shared"
    fields, code = elaborate(text, prelude, code, sizes, profile, at)
    known = definitions(fields)
    expanded = [expanded_field(text, field, addresses, known) for field in fields]
    function = thread_function(text, thread, addresses, known, state.registers[thread.name.text], [], code)
    return module_of(text, [*expanded, function], parts)


def library_of(text: Text, name: Token, block: Range, state: State, profile: Profile) -> Module:
    """Another module of a main test, by the name under which its exports are imported."""
    addresses = {location.name: location.address for location in state.locations.values()}
    at = name.begin
    written = read_forms(text, block.begin, block.end).items
    own = [*flag(written, profile, at), *without_attributes(written, profile)]
    known = definitions(own)
    expanded = [expanded_field(text, field, addresses, known) for field in own]
    module, _ = read_module(Cursor(text, Form(block.begin, block.end, [("module", at), *expanded]), 1))
    validate(module, profile.typing)
    return module


def scripts_of(text: Text, parts: Parts, state: State, modules: Mapping[str, Module], profile: Profile) -> Scripts:
    """The program of a test whose threads are host scripts."""
    addresses = {name: location.address for name, location in state.locations.items()}
    sizes, environment = environment_of(text, state)
    buffer = Buffer(ENVIRONMENT, sizes)
    return lower(text, parts.threads, modules, buffer, addresses, profile, (Instantiate(ENVIRONMENT, environment),))


def environment_of(text: Text, state: State) -> tuple[MemType, Module]:
    """The type of the test's memory, and the module whose instance has it."""
    sizes = MemType(Share.SHARED, Limits(state.min, state.max))
    export = Export(MEMORY, ExternKind.MEMORY, 0)
    return sizes, Module(memories=(Memory(sizes),), exports=(export,), datas=initial_segments(text, state.locations))


def environment_cells(state: State) -> tuple[Cell, ...]:
    """The locations, in the test's memory."""
    return tuple(
        Cell(cell, ENVIRONMENT, MEMORY, location.address, location.kind.bits // 8)
        for cell, location in state.locations.items()
    )


def main_program(
    text: Text, parts: Parts, state: State, module: Module, libraries: Mapping[str, Module], observed: tuple[str, ...]
) -> Program:
    """The main thread makes the memory, links the modules in their order and runs its code."""
    [thread] = parts.threads
    name = thread.name.text
    _, environment = environment_of(text, state)
    known = (ENVIRONMENT, *libraries)

    def linked(instance: str, code: Module) -> Instantiate:
        return Instantiate(
            instance, code, tuple(Provider(i.module, i.name) if i.module in known else None for i in code.imports)
        )

    arguments: tuple[tuple[ValType, int], ...] = tuple(
        (NumType(register.type), register.value) for register in state.registers[name].values()
    )
    commands: tuple[Command, ...] = (
        Instantiate(ENVIRONMENT, environment),
        *(linked(library, code) for library, code in libraries.items()),
        linked(INSTANCE, module),
        Invoke(INSTANCE, name, arguments),
    )
    return Program(parts.name.text, HostThread(name, commands), environment_cells(state), observed)
