"""The .litmus format (FORMAT.md): from text to a validated test.

A test becomes one module: shared memory 0, the definitions of the module block, and one shared, exported function per
thread whose named locals are the thread's registers. The host's first thread instantiates it and starts the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from litmus.language.compiled import INSTANCE, MEMORY, Compiled, read_compiled
from litmus.language.condition import Names, observables
from litmus.language.host_scripts import Buffer, lower, require_scripts
from litmus.language.host_scripts import Program as Scripts
from litmus.language.reader import (
    LocationItem,
    MemoryItem,
    Parts,
    Range,
    RegisterItem,
    ThreadText,
    Token,
    read_parts,
)
from litmus.language.short_forms import Code
from litmus.language.signatures import Definitions, declared, definitions, is_instruction, name_of
from litmus.language.spawning import ENVIRONMENT, elaborate, flag, without_attributes
from litmus.language.test import (
    KINDS,
    REFUSALS,
    Condition,
    DesignExpectation,
    Expectation,
    Kind,
    Quantifier,
    Test,
)
from semantics.diagnostics import Invalid, Source
from semantics.execution.outcomes import Observable
from semantics.exploration.program import Cell, Command, HostThread, Instantiate, Invoke, Program, Provider, Spawn
from semantics.profiles import DEFAULT as FORK
from semantics.profiles import profile as profile_named
from semantics.runtime.profile import Profile
from semantics.syntax.instructions import Const
from semantics.syntax.modules import Data, Export, ExternKind, Function, Memory, Module, SegmentMode
from semantics.syntax.types import F32, F64, I32, PAGE, Limits, MemType, NumType, Share, ValType
from semantics.text.context import suggestion
from semantics.text.cursor import Cursor
from semantics.text.literals import read_integer, read_string
from semantics.text.modules import read_module
from semantics.text.sexpr import Form, Item, Text, read_forms, text_of
from semantics.validation import validate

SLOT = 8
"""Bytes from one location to the next where no place is given."""

MAX_PAGES = 65536
_REGISTERS = ("i32", "i64", "f32", "f64")
_FIELDS_FIRST = ("param", "result", "local", "export", "type", "import")


@dataclass(frozen=True, slots=True)
class _Location:
    """A named byte range of memory 0; `initial` is None where the file gives no value."""

    name: str
    address: int
    kind: Kind
    initial: int | None
    token: Token

    @property
    def bits(self) -> int:
        """Its width."""
        return self.kind.bits


@dataclass(frozen=True, slots=True)
class _Register:
    """A register with an initial value: it becomes a parameter of its thread's function."""

    name: str
    type: str
    value: int


@dataclass(frozen=True, slots=True)
class _State:
    """The initial state, resolved."""

    min: int
    max: int
    locations: dict[str, _Location]
    registers: dict[str, dict[str, _Register]]  # by thread name


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
    state = _state(text, parts, compiled)
    libraries: dict[str, Module] = {}
    scripts: Scripts | None = None
    if any(thread.script for thread in parts.threads):
        require_scripts(text, parts, profile)
        libraries = {name.text: _library(text, name, block, state, profile) for name, block in parts.libraries}
        scripts = _scripts(text, parts, state, libraries, profile)
        module, registers = next(iter(libraries.values()), Module()), scripts.registers
        validate(module, profile.typing)
    elif any(thread.main for thread in parts.threads):
        _require_alone(text, parts)
        libraries, module, registers = _main_modules(text, parts, state, profile)
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
            Program(parts.name.text, scripts.main, _environment_cells(state), _observed(text, parts, state, asked))
            if scripts is not None
            else _main_program(text, parts, state, module, libraries, _observed(text, parts, state, asked))
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


# --- initial state ------------------------------------------------------------------------------
def _state(text: Text, parts: Parts, compiled: Compiled | None) -> _State:
    sizes: tuple[int, int] | None = None
    items: list[LocationItem] = []
    registers: dict[str, dict[str, _Register]] = {thread.name.text: {} for thread in parts.threads}
    for item in parts.state:
        match item:
            case LocationItem():
                items.append(item)
            case RegisterItem():
                _add_register(text, registers, item)
            case MemoryItem(word):
                if sizes is not None:
                    raise text.error("a second memory: the others stand in the module block", word.begin, word.end)
                sizes = _pages(text, item)
    if sizes is None and compiled is not None:
        least = compiled.memory.limits.min
        sizes = least, compiled.memory.limits.max or least
    least, most = sizes or (1, 1)
    return _State(least, most, _locate(text, items, least, compiled.addresses if compiled else {}), registers)


def _pages(text: Text, item: MemoryItem) -> tuple[int, int]:
    least = _integer(text, item.min, 0, MAX_PAGES, "a number of pages")
    most = least if item.max is None else _integer(text, item.max, least, MAX_PAGES, "a maximum number of pages")
    return least, most


def _add_register(text: Text, registers: dict[str, dict[str, _Register]], item: RegisterItem) -> None:
    thread = Names(text, tuple(registers), {name: {} for name in registers}, {}).thread(item.thread)
    name, type = item.name.text, item.type.text if item.type else "i32"
    if type not in _REGISTERS:
        assert item.type is not None  # i32 is the type where none is written
        raise text.error(f"a register cannot be {type}", item.type.begin, item.type.end, expected=_REGISTERS)
    if name in registers[thread]:
        raise text.error(f"duplicate register {name} of {thread}", item.name.begin, item.name.end)
    registers[thread][name] = _Register(name, type, _value(text, item.initial, KINDS[type]) or 0)


def _locate(text: Text, items: list[LocationItem], pages: int, exported: Mapping[str, int]) -> dict[str, _Location]:
    """Gives every location its address: its place, or the lowest free slot."""
    taken: list[range] = []
    places: dict[int, int] = {}
    for index, item in enumerate(items):
        if item.place is not None:
            size = _kind(item).bits // 8
            places[index] = _place(text, item.place, (1 << 32) - size, exported)
            taken.append(range(places[index], places[index] + size))
    found: dict[str, _Location] = {}
    free = 0
    for index, item in enumerate(items):
        if index not in places:
            while any(r.start < free + SLOT and free < r.stop for r in taken):
                free += SLOT
            places[index] = free
            free += SLOT
        name, kind = item.name, _kind(item)
        if name.text in found:
            raise text.error(f"duplicate location {name.text}", name.begin, name.end)
        if is_instruction(name.text):
            raise text.error(f"a location cannot be called {name.text}: it is an instruction", name.begin, name.end)
        location = _Location(name.text, places[index], kind, _value(text, item.initial, kind), name)
        if location.initial and location.address + kind.bits // 8 > pages * PAGE:
            message = f"{name.text} lies beyond the initial memory and cannot have an initial value"
            raise text.error(message, name.begin, name.end, hint=f"the memory starts with {pages * PAGE} bytes")
        found[name.text] = location
    return found


def _place(text: Text, place: Token, most: int, exported: Mapping[str, int]) -> int:
    """An address: a number, or the name of a constant that the compiled module exports."""
    if place.type == "INT":
        return _integer(text, place, 0, most, "an address")
    if place.text not in exported:
        message = f"{place.text} is no address that the module exports{suggestion(place.text, exported)}"
        raise text.error(message, place.begin, place.end, expected=("an integer", *exported))
    return exported[place.text]


def _kind(item: LocationItem) -> Kind:
    return KINDS[item.type.text if item.type else "i32"]


def _value(text: Text, token: Token | None, kind: Kind) -> int | None:
    return None if token is None else Names(text, (), {}, {}).value(token, kind)


def _integer(text: Text, token: Token, least: int, most: int, what: str) -> int:
    value = read_integer(token.text, 64)
    if value is None or token.text.startswith("-") or not least <= value <= most:
        raise text.error(f"{token.text} is not {what}", token.begin, token.end, expected=(f"{least} to {most}",))
    return value


def _segments(text: Text, locations: Mapping[str, _Location]) -> tuple[Data, ...]:
    """Active segments that write the initial values other than 0."""
    given: dict[int, tuple[int, str]] = {}
    for location in locations.values():
        if location.initial is None:
            continue
        for index, byte in enumerate(location.initial.to_bytes(location.bits // 8, "little")):
            value, owner = given.setdefault(location.address + index, (byte, location.name))
            if value != byte:
                token = location.token
                message = f"{location.name} and {owner} overlap and their initial values differ"
                raise text.error(message, token.begin, token.end)
    segments: list[Data] = []
    for location in locations.values():
        if location.initial:
            span = text.span(location.token.begin, location.token.end)
            content = location.initial.to_bytes(location.bits // 8, "little")
            offset = (Const(I32, location.address, span=span),)
            segments.append(Data(content, SegmentMode.ACTIVE, 0, offset, span=span))
    return tuple(segments)


# --- the module ---------------------------------------------------------------------------------
def _module(
    text: Text, parts: Parts, state: _State, compiled: Compiled | None
) -> tuple[Module, dict[str, dict[str, Kind]]]:
    """The module, and per thread or named function what its registers hold."""
    at = parts.name.begin
    addresses = {name: location.address for name, location in state.locations.items()}
    if compiled is not None:
        fields = compiled.fields(Limits(state.min, state.max), at)
        known = definitions(fields)
    else:
        limits: list[Item] = [(str(state.min), at), (str(state.max), at), ("shared", at)]
        fields = [Form(at, at, [("memory", at), ("$memory", at), _export(MEMORY, at), *limits])]
        prelude = _prelude(text, parts.prelude)
        known = definitions(prelude)
        for field in prelude:
            fields.append(_function(text, field, addresses, known) if _is_function(field) else field)
    attribute: list[Item] = [] if compiled else [("shared", at)]
    for thread in parts.threads:
        fields.append(_thread(text, thread, addresses, known, state.registers[thread.name.text], attribute))
    module, registers = _read(text, fields, parts)
    segments = () if compiled else _segments(text, state.locations)
    return (replace(module, datas=module.datas + segments) if segments else module), registers


def _read(text: Text, fields: list[Item], parts: Parts) -> tuple[Module, dict[str, dict[str, Kind]]]:
    """The module of expanded fields, and per thread or named function what its registers hold."""
    at = parts.name.begin
    module, _ = read_module(Cursor(text, Form(0, len(text.source.text), [("module", at), *fields]), 1))
    registers: dict[str, dict[str, Kind]] = {thread.name.text: {} for thread in parts.threads}
    for function in module.funcs:
        if function.binding:
            registers[function.binding[1:]] = _kinds(function)
    return module, registers


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


# --- main tests -----------------------------------------------------------------------------------
def _require_alone(text: Text, parts: Parts) -> None:
    """A main thread is the only one: it starts the others."""
    if len(parts.threads) > 1:
        name = parts.threads[1].name
        message = "a test with a main thread has no other: main starts them with spawn"
        raise text.error(message, name.begin, name.end)
    if parts.file is not None:
        raise text.error("a module file has no main thread", parts.file.begin, parts.file.end)


def _main_modules(
    text: Text, parts: Parts, state: _State, profile: Profile
) -> tuple[dict[str, Module], Module, dict[str, dict[str, Kind]]]:
    """The valid modules of a main test in a design's own words.

    Where nothing but a check as the program runs wants the functions of threads shared (P6, B.6), functions that are
    invalid as shared ones are local.
    """
    try:
        libraries = {name.text: _library(text, name, block, state, profile) for name, block in parts.libraries}
        module, registers = _main_module(text, parts, state, profile)
        validate(module, profile.typing)
    except Invalid:
        if profile.typing.entry != "dynamic":
            raise
        return _main_modules(text, parts, state, replace(profile, typing=replace(profile.typing, entry="none")))
    return libraries, module, registers


def _main_module(
    text: Text, parts: Parts, state: _State, profile: Profile
) -> tuple[Module, dict[str, dict[str, Kind]]]:
    """The module of a main test in a design's own words: it imports the test's memory; its main thread is local."""
    at = parts.name.begin
    addresses = {name: location.address for name, location in state.locations.items()}
    [thread] = parts.threads
    prelude = read_forms(text, parts.prelude.begin, parts.prelude.end).items if parts.prelude else []
    code = [item for part in thread.code for item in read_forms(text, part.begin, part.end).items]
    sizes = f"{state.min} {state.max} shared"
    fields, code = elaborate(text, prelude, code, sizes, profile, at)
    known = definitions(fields)
    expanded = [_expanded(text, field, addresses, known) for field in fields]
    function = _thread(text, thread, addresses, known, state.registers[thread.name.text], [], code)
    return _read(text, [*expanded, function], parts)


def _expanded(text: Text, field: Item, addresses: Mapping[str, int], known: Definitions) -> Item:
    """A field with the short forms of its code, and of that of nested modules, expanded."""
    if not isinstance(field, Form):
        return field
    if field.head == "module":
        return Form(field.begin, field.end, [_expanded(text, item, addresses, known) for item in field.items])
    imported = any(isinstance(item, Form) and item.head == "import" for item in field.items)
    return _function(text, field, addresses, known) if _is_function(field) and not imported else field


def _library(text: Text, name: Token, block: Range, state: _State, profile: Profile) -> Module:
    """Another module of a main test, by the name under which its exports are imported."""
    addresses = {location.name: location.address for location in state.locations.values()}
    at = name.begin
    written = read_forms(text, block.begin, block.end).items
    own = [*flag(written, profile, at), *without_attributes(written, profile)]
    known = definitions(own)
    expanded = [_expanded(text, field, addresses, known) for field in own]
    module, _ = read_module(Cursor(text, Form(block.begin, block.end, [("module", at), *expanded]), 1))
    validate(module, profile.typing)
    return module


def _scripts(text: Text, parts: Parts, state: _State, modules: Mapping[str, Module], profile: Profile) -> Scripts:
    addresses = {name: location.address for name, location in state.locations.items()}
    sizes, environment = _environment(text, state)
    buffer = Buffer(ENVIRONMENT, sizes)
    return lower(text, parts.threads, modules, buffer, addresses, profile, (Instantiate(ENVIRONMENT, environment),))


def _environment(text: Text, state: _State) -> tuple[MemType, Module]:
    """The type of the test's memory, and the module whose instance has it."""
    sizes = MemType(Share.SHARED, Limits(state.min, state.max))
    export = Export(MEMORY, ExternKind.MEMORY, 0)
    return sizes, Module(memories=(Memory(sizes),), exports=(export,), datas=_segments(text, state.locations))


def _environment_cells(state: _State) -> tuple[Cell, ...]:
    return tuple(
        Cell(cell, ENVIRONMENT, MEMORY, location.address, location.kind.bits // 8)
        for cell, location in state.locations.items()
    )


def _main_program(
    text: Text, parts: Parts, state: _State, module: Module, libraries: Mapping[str, Module], observed: tuple[str, ...]
) -> Program:
    """The main thread makes the memory, links the modules in their order and runs its code."""
    [thread] = parts.threads
    name = thread.name.text
    _, environment = _environment(text, state)
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
    return Program(parts.name.text, HostThread(name, commands), _environment_cells(state), observed)


def _is_function(field: Item) -> bool:
    return isinstance(field, Form) and field.head == "func"


def _export(name: str, at: int) -> Form:
    return Form(at, at, [("export", at), (f'"{name}"', at)])


def _function(text: Text, field: Item, addresses: Mapping[str, int], known: Definitions) -> Form:
    """A function of the module block, its short forms expanded."""
    assert isinstance(field, Form)  # _is_function
    header = 1
    registers: dict[str, str] = {}
    while header < len(field.items):
        item = field.items[header]
        if isinstance(item, Form):
            if item.head not in _FIELDS_FIRST:
                break
            if item.head in ("param", "local"):
                registers |= {name[1:]: type for name, type in declared(item) if name}
        elif item[0] != "shared" and not item[0].startswith("$"):
            break
        header += 1
    owner = name_of(field) or "the function"
    code = Code(text, owner, addresses, known, dict(registers))
    body = code.expand(field.items[header:])
    fresh = [_local(name, type, field.begin) for name, type in code.registers.items() if name not in registers]
    return Form(field.begin, field.end, [*field.items[:header], *fresh, *body])


def _thread(
    text: Text,
    thread: ThreadText,
    addresses: Mapping[str, int],
    known: Definitions,
    initial: Mapping[str, _Register],
    attribute: list[Item],
    code_items: list[Item] | None = None,
) -> Form:
    """(func $T0 shared? (export "T0") (param $r t)* (local $r t)* code); the code is the thread's, as written, unless
    it is given."""
    name, at = thread.name.text, thread.name.begin
    items = code_items
    if items is None:
        items = [item for part in thread.code for item in read_forms(text, part.begin, part.end).items]
    given = {register.name: register.type for register in initial.values()}
    code = Code(text, name, addresses, known, dict(given))
    body = code.expand(items)
    head: list[Item] = [("func", at), ("$" + name, at), *attribute, _export(name, at)]
    params = [Form(at, at, [("param", at), ("$" + r, at), (type, at)]) for r, type in given.items()]
    fresh = [_local(r, type, at) for r, type in code.registers.items() if r not in given]
    return Form(at, thread.name.end, [*head, *params, *fresh, *body])


def _local(name: str, type: str, at: int) -> Form:
    return Form(at, at, [("local", at), ("$" + name, at), (type, at)])


def _kinds(function: Function) -> dict[str, Kind]:
    types = function.type.params + function.locals
    named = zip(function.local_names, types, strict=False)
    return {name[1:]: Kind(type.bits, type in (F32, F64)) for name, type in named if name is not None}


# --- the program --------------------------------------------------------------------------------
def _program(
    text: Text, parts: Parts, state: _State, module: Module, compiled: Compiled | None, observed: tuple[str, ...]
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
        first = compiled.memory_owner(Limits(state.min, state.max), _segments(text, state.locations), span)
    main = HostThread("host", (Instantiate(INSTANCE, first), *spawns), hidden=True)
    return Program(parts.name.text, main, cells, observed)


def _observed(text: Text, parts: Parts, state: _State, asked: tuple[Observable, ...]) -> tuple[str, ...]:
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
    return None if parts.bound is None else _integer(text, parts.bound, 1, 1 << 20, "a bound of loop iterations")
