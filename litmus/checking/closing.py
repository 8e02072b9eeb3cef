"""Closing contexts of a pair of modules (systems.md B.8): hosts that make both instances, or the merged one, and call.

A context says which exports of which module are called by whom; `Closing.program` plays it with the linked pair or with
the merged module. What the pair imports from elsewhere comes from modules made for the purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd, prod

from semantics.exploration.program import Cell, Command, HostThread, Instantiate, Invoke, Program, Provider, Spawn
from semantics.merging import Merged
from semantics.merging.fields import FIELDS, Part, Space
from semantics.runtime.discipline import Discipline, Sort
from semantics.runtime.profile import ANY, HostImports
from semantics.syntax.instructions import Const, Expr, Instr, RefNull
from semantics.syntax.modules import Export, ExternKind, Global, Import, Memory, Module, Table
from semantics.syntax.types import (
    F32,
    F64,
    I32,
    I64,
    PAGE,
    ExternType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    NumType,
    Share,
    TableType,
    ValType,
)
from semantics.validation import match_extern
from semantics.validation.spaces import index_spaces

HOST = "host"
MAIN = "K"
"""The host's first thread."""
SMALL = {I32: (0, 1), I64: (0, 1), F32: (0, 0x3F800000), F64: (0, 0x3FF << 52)}
"""Arguments that are tried, as bit patterns; of references null alone."""
BASE = 1024
"""What an imported global of an integer type holds: an address, as likely as not."""
WORDS = 4
"""So many words of each memory are looked at in the end."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an export of the first (0) or second (1) module."""

    side: int
    export: str
    type: FuncType
    arguments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Calls by the host's first thread before it starts others, one call for each of these, and calls after that."""

    before: tuple[Call, ...] = ()
    threads: tuple[Call, ...] = ()
    after: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Contexts:
    """Those that are tried, out of how many."""

    chosen: tuple[Context, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _Supply:
    """An import that stays open, and the export of the host that it gets."""

    module: str
    name: str
    type: ExternType


class Closing:
    """The hosts of a pair. `names` are the modules' names in reports; `host` is what the design's embedder provides.

    `open` says why the pair cannot be closed ("": it can). Where functions have an attribute, threads call shared
    exports of the one pair of instances; else each thread makes instances of its own over the shared memories.
    """

    def __init__(
        self,
        modules: tuple[Module, Module],
        merged: Merged,
        discipline: Discipline,
        names: tuple[str, str],
        host: HostImports,
    ) -> None:
        self.modules = (_named_alike(modules[0], 0, merged), _named_alike(modules[1], 1, merged))
        self.merged = merged
        self.discipline = discipline
        self.names = names
        self.host = host
        self.supplies: dict[tuple[str, str], _Supply] = {}
        self.open = self._supply()
        self.calls = [c for side in (0, 1) for c in _calls(side, modules[side])]
        shared = [c for c in self.calls if c.type.share is Share.SHARED]
        self.spawnable = shared if Sort.FUNC in discipline.shared else self.calls

    # --- what is tried --------------------------------------------------------------------------
    def single(self, most: int) -> Contexts:
        """Up to `most` sequences of one to three calls."""

        def sequence(*calls: Call) -> Context:
            return Context(before=calls)

        return _spread([(sequence, (self.calls,) * length) for length in (1, 2, 3)], most)

    def parallel(self, most: int) -> Contexts:
        """Up to `most` contexts with one or two threads beside the host's first."""
        every, some = self.calls, self.spawnable
        return _spread(
            [
                (lambda b, c: Context((b,), (c,)), (every, some)),
                (lambda c, a: Context((), (c,), (a,)), (some, every)),
                (lambda c, d: Context((), (c, d)), (some, some)),
                (lambda b, c, a: Context((b,), (c,), (a,)), (every, some, every)),
            ],
            most,
        )

    def described(self, context: Context) -> str:
        """A context in words: `lib.inc(0); { K: app.main() || T1: lib.inc(1) }`."""
        parts = [self._call(c) for c in context.before]
        if context.threads:
            after = [f"{MAIN}: {'; '.join(map(self._call, context.after))}"] if context.after else []
            threads = [f"T{n}: {self._call(c)}" for n, c in enumerate(context.threads, 1)]
            parts.append(f"{{ {' || '.join([*after, *threads])} }}")
        return "; ".join(parts)

    def _call(self, call: Call) -> str:
        return f"{self.names[call.side]}.{call.export}({', '.join(map(str, call.arguments))})"

    @property
    def observed(self) -> tuple[str, ...]:
        """The parts of the final store that outcomes show."""
        return tuple(c.name for c in self._cells(merged=False))

    # --- programs -------------------------------------------------------------------------------
    def program(self, context: Context, *, merged: bool) -> Program:
        """The host of a context, with the linked pair or with the merged module."""
        main: list[Command] = [*self._instances("", merged)]
        main += [self._invoke(c, f"r{n}", "", merged) for n, c in enumerate(context.before)]
        for number, call in enumerate(context.threads, 1):
            name = f"T{number}"
            own = "" if Sort.FUNC in self.discipline.shared else name
            made = self._instances(own, merged) if own else ()
            main.append(Spawn(HostThread(name, (*made, self._invoke(call, "r", own, merged)))))
        first = len(context.before)
        main += [self._invoke(c, f"r{n}", "", merged) for n, c in enumerate(context.after, first)]
        cells = self._cells(merged)
        return Program("merge", HostThread(MAIN, tuple(main)), cells, tuple(c.name for c in cells))

    def _instances(self, thread: str, merged: bool) -> Iterator[Instantiate]:
        """Instances of the host's own modules and of the pair; shared memories are made once."""
        for shared in (True, False):
            supplied = [s for s in self.supplies.values() if _is_shared(s.type) is shared]
            if supplied and not (shared and thread):
                yield Instantiate(self._host(shared, thread), _host_module(supplied))
        if merged:
            refs = self.merged.imports
            providers = tuple(self._provider(at.side, at.position, thread) for at in refs)
            yield Instantiate(_instance(0, True, thread), self.merged.module, providers)
            return
        for side in self.merged.order:
            imports = range(len(self.modules[side].imports))
            providers = tuple(self._provider(side, p, thread) for p in imports)
            yield Instantiate(_instance(side, False, thread), self.modules[side], providers)

    def _host(self, shared: bool, thread: str) -> str:
        return f"{HOST}.shared" if shared else f"{HOST}@{thread}"

    def _provider(self, side: int, position: int, thread: str) -> Provider | None:
        wanted = self.modules[side].imports[position]
        for at, export in self.merged.links.items():
            if at == (side, position):
                return Provider(_instance(1 - side, False, thread), export)
        if self._embedded(wanted):
            return None
        supply = self.supplies[wanted.module, wanted.name]
        return Provider(self._host(_is_shared(supply.type), thread), _export_name(supply))

    def _embedded(self, wanted: Import) -> bool:
        """Whether the design's embedder provides an import."""
        known = (wanted.module, wanted.name) in self.host or (wanted.module, ANY) in self.host
        return isinstance(wanted.type, FuncType) and known

    def _invoke(self, call: Call, result: str, thread: str, merged: bool) -> Invoke:
        """A call whose results go to registers; the locals of the function have a dot in their names."""
        export = self.merged.exports[call.side, call.export] if merged else call.export
        count = len(call.type.results)
        results = tuple(result if count == 1 else f"{result}_{i}" for i in range(count))
        arguments = tuple(zip(call.type.params, call.arguments, strict=True))
        instance = _instance(call.side, merged, thread)
        return Invoke(instance, export, arguments, results, f"{result}.", f"{result}_traps")

    def _cells(self, merged: bool) -> tuple[Cell, ...]:
        """The numeric globals that are exported or supplied, and the first words of memories that the code names."""
        found: list[Cell] = []
        for side, module in enumerate(self.modules):
            spaces = index_spaces(module)
            for e in module.exports:
                export = self.merged.exports[side, e.name] if merged else e.name
                at = _instance(side, merged, ""), export
                found += self._cells_of(f"{self.names[side]}.{e.name}", spaces.of(e.kind)[e.index], *at)
        for s in self.supplies.values():
            host = self._host(_is_shared(s.type), "")
            found += self._cells_of(f"{s.module}.{s.name}", s.type, host, _export_name(s))
        return tuple({c.name: c for c in found}.values())

    def _cells_of(self, name: str, type: ExternType, instance: str, export: str) -> Iterator[Cell]:
        if isinstance(type, GlobalType) and type.mutable and isinstance(type.type, NumType):
            yield Cell(name, instance, export)
        elif isinstance(type, MemType):
            for offset in [o for o in self._offsets() if o + 4 <= type.limits.min * PAGE][:WORDS]:
                yield Cell(f"{name}[{offset}]", instance, export, offset)

    def _offsets(self) -> list[int]:
        """Aligned offsets that occur as constants in the code."""
        code = (f.body for m in self.modules for f in m.funcs)
        found = {e.value & ~3 for body in code for e in _instructions(body) if isinstance(e, Const) and e.type is I32}
        return sorted(found | {0})

    # --- open imports ---------------------------------------------------------------------------
    def _supply(self) -> str:
        """Finds a definition for every import that stays open; why there is none for some."""
        for at in (*self.merged.imports, *self.merged.fused):
            wanted = self.modules[at.side].imports[at.position]
            what = f'import "{wanted.module}" "{wanted.name}" of {self.names[at.side]}'
            if self._embedded(wanted):
                continue
            if isinstance(wanted.type, FuncType):
                return f"{what} is a function that no closing context can stand for"
            known = self.supplies.get((wanted.module, wanted.name))
            type = wanted.type if known is None else _both(known.type, wanted.type)
            if type is None or not match_extern(type, wanted.type):
                return f"{what}: no one definition is of all types that it is imported with"
            self.supplies[wanted.module, wanted.name] = _Supply(wanted.module, wanted.name, type)
        if len({at.side for at in self.merged.links}) > 1:
            return "the two import from each other: no host can instantiate one before the other"
        return ""


def _named_alike(module: Module, side: int, merged: Merged) -> Module:
    """A module whose functions have their names of the merged one, after which threads are called."""
    first, behind = len(module.imported(ExternKind.FUNC)), len(merged.module.imported(ExternKind.FUNC))
    new = merged.renumbering[side].maps[Space.FUNC]
    bindings = (merged.module.funcs[i - behind].binding for i in new[first:])
    funcs = (replace(f, binding=b) for f, b in zip(module.funcs, bindings, strict=True))
    return replace(module, funcs=tuple(funcs))


def _calls(side: int, module: Module) -> Iterator[Call]:
    """The exported functions with small arguments."""
    for e in module.exports:
        type = index_spaces(module).of(e.kind)[e.index]
        if isinstance(type, FuncType):
            for arguments in dict.fromkeys(_arguments(type.params)):
                yield Call(side, e.name, type, arguments)


def _arguments(params: Sequence[ValType]) -> Iterator[tuple[int, ...]]:
    """All low, all high, alternating."""
    for pick in (lambda i: 0, lambda i: 1, lambda i: i % 2, lambda i: 1 - i % 2):
        yield tuple(SMALL[t][pick(i)] if isinstance(t, NumType) else 0 for i, t in enumerate(params))


def _spread(groups: Sequence[tuple[Callable[..., Context], tuple[Sequence[Call], ...]]], most: int) -> Contexts:
    """Contexts out of groups of products; what one group leaves over goes to those behind it."""
    sizes = [prod(map(len, pools)) for _, pools in groups]
    chosen: dict[Context, None] = {}
    left = most
    for number, ((make, pools), size) in enumerate(zip(groups, sizes, strict=True)):
        count = min(size, -(-left // (len(groups) - number)))
        left -= count
        for index in _scattered(size, count):
            chosen[make(*_pick(pools, index))] = None
    return Contexts(tuple(chosen), sum(sizes))


def _scattered(size: int, count: int) -> list[int]:
    """`count` numbers below `size`, in order: multiples of a stride that has no factor in common with it, near the
    golden section, so that the digits of the numbers are spread as well as the numbers."""
    stride = max(1, round(size * 0.618))
    while gcd(stride, size) > 1:
        stride += 1
    return sorted(i * stride % size for i in range(count))


def _pick(pools: Sequence[Sequence[Call]], index: int) -> list[Call]:
    """The element of a product with that number."""
    found: list[Call] = []
    for pool in reversed(pools):
        index, position = divmod(index, len(pool))
        found.append(pool[position])
    return found[::-1]


def _instance(side: int, merged: bool, thread: str) -> str:
    return f"{'merged' if merged else ('first', 'second')[side]}@{thread}"


def _is_shared(type: ExternType) -> bool:
    return type.share is Share.SHARED


def _export_name(supply: _Supply) -> str:
    return f"{supply.module} {supply.name}"


def _both(one: ExternType, other: ExternType) -> ExternType | None:
    """A type that matches both, None where there is none."""
    if isinstance(one, MemType | TableType) and isinstance(other, MemType | TableType):
        limits = one.limits, other.limits
        least, most = max(m.min for m in limits), min((m.max for m in limits if m.max is not None), default=None)
        return replace(one, limits=Limits(least, most)) if most is None or least <= most else None
    return one if one == other else None


def _host_module(supplied: Sequence[_Supply]) -> Module:
    """A module that defines and exports what is supplied: memories of zeros, null tables, constant globals."""
    spaces: dict[ExternKind, list[ExternType]] = {kind: [] for kind in ExternKind}
    exports = []
    for s in supplied:
        kind = {MemType: ExternKind.MEMORY, TableType: ExternKind.TABLE, GlobalType: ExternKind.GLOBAL}[type(s.type)]
        exports.append(Export(_export_name(s), kind, len(spaces[kind])))
        spaces[kind].append(s.type)
    return Module(
        memories=tuple(Memory(t) for t in spaces[ExternKind.MEMORY] if isinstance(t, MemType)),
        tables=tuple(Table(t) for t in spaces[ExternKind.TABLE] if isinstance(t, TableType)),
        globals=tuple(Global(t, (_initial(t.type),)) for t in spaces[ExternKind.GLOBAL] if isinstance(t, GlobalType)),
        exports=tuple(exports),
    )


def _initial(type: ValType) -> Instr:
    return Const(type, BASE if type.is_integer else 0) if isinstance(type, NumType) else RefNull(type)


def _instructions(code: Expr) -> Iterator[Instr]:
    """All instructions of a body, those of nested code too."""
    todo = [code]
    while todo:
        for instr in todo.pop():
            yield instr
            todo += [getattr(instr, f) for f, role in FIELDS.get(type(instr), {}).items() if role is Part.CODE]
