"""Random pairs of modules, the second a provider of the first, that use every index space; and what runs of them give.

A pair is run twice: as two instances that are linked, and as one instance of the merged module.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from semantics.diagnostics import Source
from semantics.merging import ImportRef, Merged
from semantics.merging.fields import Space
from semantics.profiles.fork import FORK_GROWING
from semantics.reduction.run import Exhausted, Result, Sequential
from semantics.runtime.actions import Field, Region
from semantics.runtime.configuration import Trap, Value
from semantics.runtime.store import ModuleInst
from semantics.syntax.modules import ExternKind, Module
from semantics.syntax.types import FuncType
from semantics.text import parse_module
from semantics.validation import PAPER, validate

TYPES = ((), ("i32",), ("i64",), ("i32", "i32"))
"""Parameters of the functions of the pairs; all give an i32."""
HOST = """(module
  (memory (export "memory") 1 2) (table (export "table") 4 8 funcref)
  (global (export "base") i32 (i32.const 2)) (global (export "count") (mut i32) (i32.const 5))
  (func $twice (export "twice") (param i32) (result i32) (i32.mul (i32.const 2) (local.get 0)))
  (func (export "table.get") (param i32) (result i32) (ref.is_null (table.get (local.get 0)))))"""
HOST_EXPORTS = (
    ("memory", "memory", "1 2"),
    ("table", "table", "4 8 funcref"),
    ("global", "base", "i32"),
    ("global", "count", "(mut i32)"),
    ("func", "twice", "(param i32) (result i32)"),
)
Export = tuple[str, str, str]


def parsed(text: str, name: str = "pair.wat") -> Module:
    """A valid module."""
    module = parse_module(Source(name, text))
    validate(module, PAPER)
    return module


@dataclass
class Writer:
    """Writes one module: what its index spaces hold so far, by number."""

    rng: random.Random
    signatures: list[tuple[str, ...]]
    funcs: list[tuple[str, ...]] = field(default_factory=list)
    globals: list[str] = field(default_factory=list)
    tables: int = 0
    memories: int = 0
    elems: int = 0
    datas: int = 0

    def add(self, kind: str, type_: str) -> None:
        """An import."""
        if kind == "func":
            self.funcs.append(tuple(t for t in type_.split("(result")[0].strip("() ").split() if t != "param"))
        elif kind == "global":
            self.globals.append(type_)
        elif kind == "table":
            self.tables += 1
        else:
            self.memories += 1

    def small(self, end: int = 5) -> str:
        """A small i32."""
        return f"(i32.const {self.rng.randrange(end)})"

    def arguments(self, types: tuple[str, ...]) -> str:
        """Constant arguments."""
        return " ".join(f"({t}.const {self.rng.randrange(4)})" for t in types)

    def statement(self, callable_: int) -> str:
        """Code that gives an i32 and calls functions below `callable_` alone."""
        rng = self.rng
        makers = [self.global_, self.table, self.table_bulk, self.memory, self.memory_bulk, self.indirect]
        if callable_ and rng.random() < 0.35:
            index = rng.randrange(callable_)
            return f"(call {index} {self.arguments(self.funcs[index])})"
        return rng.choice(makers)()

    def global_(self) -> str:
        index = self.rng.randrange(len(self.globals))
        type_ = self.globals[index]
        got = f"(global.get {index})" if "i32" in type_ else f"(i32.wrap_i64 (global.get {index}))"
        if "mut" not in type_:
            return got
        width = "i32" if "i32" in type_ else "i64"
        return f"(block (result i32) (global.set {index} ({width}.add (global.get {index}) ({width}.const 3))) {got})"

    def table(self) -> str:
        index = self.rng.randrange(self.tables)
        func = self.rng.randrange(len(self.funcs))
        return self.rng.choice(
            (
                f"(ref.is_null (table.get {index} {self.small()}))",
                f"(table.size {index})",
                f"(table.grow {index} (ref.func {func}) {self.small(3)})",
                f"(block (result i32) (table.set {index} {self.small()} (ref.func {func})) (i32.const 1))",
            )
        )

    def table_bulk(self) -> str:
        table, other, elem = (self.rng.randrange(n) for n in (self.tables, self.tables, self.elems))
        three = f"{self.small(3)} {self.small(2)} {self.small(3)}"
        done = self.rng.choice(
            (
                f"(table.copy {table} {other} {three})",
                f"(table.init {table} {elem} {three})",
                f"(elem.drop {elem})",
                f"(table.fill {table} {self.small(3)} (ref.null func) {self.small(2)})",
            )
        )
        return f"(block (result i32) {done} (table.size {table}))"

    def memory(self) -> str:
        memory = self.rng.randrange(self.memories)
        at = self.small(16)
        return self.rng.choice(
            (
                f"(i32.load {memory} offset=2 {at})",
                f"(i32.load8_u {memory} {at})",
                f"(memory.size {memory})",
                f"(memory.grow {memory} {self.small(2)})",
                f"(block (result i32) (i32.store16 {memory} {at} (i32.const {self.rng.randrange(9999)})) "
                f"(i32.load {memory} {at}))",
            )
        )

    def memory_bulk(self) -> str:
        memory, other, data = (self.rng.randrange(n) for n in (self.memories, self.memories, self.datas))
        three = f"{self.small(9)} {self.small(3)} {self.small(4)}"
        done = self.rng.choice(
            (
                f"(memory.copy {memory} {other} {three})",
                f"(memory.init {memory} {data} {three})",
                f"(data.drop {data})",
                f"(memory.fill {memory} {three})",
            )
        )
        return f"(block (result i32) {done} (i32.load {memory} (i32.const 1)))"

    def indirect(self) -> str:
        index = self.rng.randrange(len(self.signatures))
        table = self.rng.randrange(self.tables)
        return f"(call_indirect {table} (type {index}) {self.arguments(self.signatures[index])} {self.small()})"


def write(rng: random.Random, name: str, provided: list[tuple[str, Export]]) -> tuple[str, list[Export]]:
    """The text of a module that imports some of what is provided, and what it exports."""
    signatures = list(rng.sample(TYPES, rng.randint(2, 4)))
    w = Writer(rng, signatures)
    lines = [f"(module ${name}"]
    lines += [f"  (type (func {_params(s)} (result i32)))" for s in signatures]
    for source, (kind, export, type_) in provided:
        if rng.random() < 0.6:
            w.add(kind, type_)
            lines.append(f'  (import "{source}" "{export}" ({kind} {type_}))')
    exports: list[Export] = []
    constants = [f"(global.get {i})" for i, t in enumerate(w.globals) if t == "i32"]
    imported = len(w.funcs)
    bodies = [rng.choice(signatures) for _ in range(rng.randint(2, 4))]
    w.funcs += bodies
    for number in range(rng.randint(1, 2)):
        lines.append(f"  (memory $m{number} 1 3)")
        exports.append(("memory", f"m{number}", "1 3"))
        w.memories += 1
    for number in range(rng.randint(1, 2)):
        lines.append(f"  (table $t{number} 5 7 funcref)")
        exports.append(("table", f"t{number}", "5 7 funcref"))
        w.tables += 1
    for number in range(rng.randint(2, 3)):
        type_ = rng.choice(("i32", "(mut i32)", "(mut i64)", "i64"))
        init = f"(i64.const {number + 7})" if "64" in type_ else rng.choice([*constants, f"(i32.const {number + 1})"])
        lines.append(f"  (global $g{number} {type_} {init})")
        exports.append(("global", f"g{number}", type_))
        w.globals.append(type_)
    for kind in rng.choices(("passive", "active"), k=rng.randint(2, 3)):
        content = " ".join(str(rng.randrange(len(w.funcs))) for _ in range(rng.randint(1, 3)))
        at = f"(table {rng.randrange(w.tables)}) {rng.choice([*constants, '(i32.const 1)'])}"
        lines.append(f"  (elem $e{w.elems} {at if kind == 'active' else ''} func {content})")
        w.elems += 1
    for kind in rng.choices(("passive", "active"), k=rng.randint(2, 3)):
        at = f"(memory {rng.randrange(w.memories)}) {rng.choice([*constants, '(i32.const 3)'])}"
        lines.append(f'  (data $d{w.datas} {at if kind == "active" else ""} "{name}{w.datas}")')
        w.datas += 1
    for number, params in enumerate(bodies):
        statements = [w.statement(imported + number) for _ in range(rng.randint(1, 3))]
        total = statements[0]
        for s in statements[1:]:
            total = f"(i32.add (i32.mul (i32.const 31) {total}) {s})"
        if params[:1] == ("i32",):
            total = f"(if (result i32) (local.get 0) (then {total}) (else {w.statement(imported + number)}))"
        lines.append(f"  (func $f{number} (type {signatures.index(params)}) {total})")
        exports.append(("func", f"f{number}", f"{_params(params)} (result i32)"))
    if rng.random() < 0.4:
        lines.append(f"  (func $start (drop {w.statement(imported)})) (start $start)")
    lines += [f'  (export "{n}" ({k} ${n}))' for k, n, _ in exports]
    return "\n".join(lines) + ")", exports


def _params(types: tuple[str, ...]) -> str:
    return f"(param {' '.join(types)})" if types else ""


def generate(seed: int) -> tuple[Module, Module]:
    """A random importer and its provider; both import from "host" too."""
    rng = random.Random(seed)
    host = [("host", e) for e in HOST_EXPORTS]
    provider, exports = write(rng, "N", host)
    importer, _ = write(rng, "M", [*host, *(("N", e) for e in exports)])
    return parsed(importer), parsed(provider)


def rho(importer: Module) -> dict[ImportRef, str]:
    """All imports from "N"."""
    return {ImportRef(0, p): i.name for p, i in enumerate(importer.imports) if i.module == "N"}


# --- two ways to run a pair -----------------------------------------------------------------------
class World:
    """A machine with the host's instance, and the functions of both modules by module and export."""

    def __init__(self) -> None:
        self.machine = Sequential(FORK_GROWING, steps=3_000)
        self.host = self.machine.instantiate(parsed(HOST))[0]
        self.started: list[Result] = []
        self.exports: dict[tuple[int, str], tuple[ExternKind, int]] = {}
        self.functions: dict[int, tuple[int, int]] = {}  # address -> module and index

    def make(self, module: Module, others: dict[str, ModuleInst]) -> ModuleInst:
        instances = {"host": self.host, **others}
        addresses = [instances[i.module].exports[i.name][1] for i in module.imports]
        made, result = self.machine.instantiate(module, addresses)
        self.started.append(result)
        return made


def linked(importer: Module, provider: Module) -> World:
    """Two instances."""
    world = World()
    first = world.make(provider, {})
    if isinstance(world.started[-1], tuple) and not isinstance(world.started[-1], Trap | Exhausted):
        second = world.make(importer, {"N": first})
        for side, instance in ((0, second), (1, first)):
            world.exports.update({(side, name): found for name, found in instance.exports.items()})
        for side, instance in ((1, first), (0, second)):
            for index, address in enumerate(instance.funcs):
                world.functions.setdefault(address, (side, index))
    return world


def merged_world(merged: Merged) -> World:
    """One instance."""
    world = World()
    made = world.make(merged.module, {})
    world.exports = {at: made.exports[name] for at, name in merged.exports.items()}
    for side in (1, 0):
        for index in range(len(merged.renumbering[side].maps[Space.FUNC])):
            address = made.funcs[merged.renumbering[side].index(Space.FUNC, index)]
            world.functions.setdefault(address, (side, index))
    return world


def trace(world: World, seed: int) -> list[object]:
    """What a random sequence of calls gives, and the state that it leaves behind, up to a call that does not end."""
    ended = world.started[-1]
    found: list[object] = [type(ended)]
    if isinstance(ended, Trap | Exhausted):
        return found
    rng = random.Random(seed)
    functions = sorted(at for at, (kind, _) in world.exports.items() if kind is ExternKind.FUNC)
    for side, name in rng.choices(functions, k=6):
        address = world.exports[side, name][1]
        type_ = world.machine.store.func(address).type
        assert isinstance(type_, FuncType)
        result = world.machine.invoke(address, [Value(t, rng.randrange(3)) for t in type_.params])
        if isinstance(result, Exhausted):
            return [*found, "exhausted"]
        found.append((side, name, result))
    oracle = world.machine.oracle
    host = {(2, name): at for name, at in world.host.exports.items()}
    for at, (kind, address) in sorted({**world.exports, **host}.items(), key=lambda e: e[0]):
        if kind is ExternKind.GLOBAL:
            found.append((at, world.machine.global_value(address)))
        elif kind is ExternKind.MEMORY:
            pages = [(offset, bytes(page)) for offset, page in oracle.bytes[address].written() if any(page)]
            found.append((at, pages, oracle.values[Region(address, Field.LEN)]))
        elif kind is ExternKind.TABLE:
            entries = map(oracle.entries[address].load, range(oracle.values[Region(address, Field.LEN)]))
            found.append((at, [world.functions.get(a, a and -1) for a in entries]))
    return found
