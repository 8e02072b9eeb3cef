"""The final store: the events that read the observed cells after everything, and the names that people gave."""

from __future__ import annotations

from difflib import get_close_matches

from semantics.diagnostics import TextError
from semantics.execution.structure import Kind, Status
from semantics.exploration.builder import Builder
from semantics.exploration.linking import Plan
from semantics.exploration.oracle import Oracle
from semantics.exploration.program import Cell, Program
from semantics.reduction.access import has_cells
from semantics.runtime.actions import Field, Location, Read, Region
from semantics.runtime.profile import Profile
from semantics.runtime.store import GlobalInst, MemInst
from semantics.syntax.modules import ExternKind, Module
from semantics.syntax.types import I32, I64, Order, ValType
from semantics.terms import Sym, Term, negate

BYTES_I32 = 4


def located(program: Program, plan: Plan, profile: Profile) -> dict[str, tuple[Location, int]]:
    """Where the named cells are: location and size, in bytes of `data` or 1 for `val`.

    Raises TextError for a cell of an instance or export that there is not, for an observed cell without a name, and
    for a global of which every thread has its own.
    """
    found = {cell.name: _location(cell, plan, profile) for cell in program.cells}
    for name in program.observed:
        if name not in found:
            near = get_close_matches(name, found, 1)
            raise TextError(f"unknown cell {name}", hint=f"did you mean {near[0]}?" if near else "")
    return found


def _location(cell: Cell, plan: Plan, profile: Profile) -> tuple[Location, int]:
    instance = plan.by_name.get(cell.instance)
    if instance is None:
        near = get_close_matches(cell.instance, plan.by_name, 1)
        raise TextError(f"unknown instance {cell.instance}", hint=f"did you mean {near[0]}?" if near else "")
    kind, address = instance.exports.get(cell.export, (None, 0))
    if kind is ExternKind.MEMORY:
        return Location(Region(address, Field.DATA), cell.offset), cell.size
    if kind is ExternKind.GLOBAL:
        if has_cells(plan.store.global_(address).type, profile):
            hint = "read it into a local in some thread"
            raise TextError(f"{cell.name} has a value for each thread and none at the end of all", hint=hint)
        return Location(Region(address, Field.VAL)), 1
    names = [n for n, (k, _) in instance.exports.items() if k in (ExternKind.MEMORY, ExternKind.GLOBAL)]
    near = get_close_matches(cell.export, names, 1)
    raise TextError(f"no exported memory or global {cell.export}", hint=f"did you mean {near[0]}?" if near else "")


def observe(
    builder: Builder,
    oracle: Oracle,
    cells: dict[str, tuple[Location, int]],
    observed: tuple[str, ...],
    over: Sym | None = None,
) -> None:
    """Adds the hidden thread "" that reads the observed cells, one event each, after every other event.

    The reads are seqcst: of two final seqcst writes that nothing else orders, the final store has the later in the
    total order. A cell that nobody can change needs no event. Where the program is `over` nothing is left to be read.
    """
    types: dict[str, ValType] = {}
    registers: dict[str, Term] = {}
    before = len(builder.events)
    thread = builder.thread("", None, None, types, hidden=True)
    oracle.held = {}
    node = thread.root
    if over is not None and over in builder.symbols:
        builder.leaf(builder.node(thread.id, thread.root, (over,)).id, Status.DONE, {})
        node = builder.node(thread.id, thread.root, (negate(over),)).id
    for name in observed:
        location, size = cells[name]
        found = oracle.store[location.region.addr]
        bits = 8 * size
        if isinstance(found, GlobalInst):
            types[name] = found.type.type
            bits = found.type.type.bits
        else:
            types[name] = I32 if size <= BYTES_I32 else I64
        value = registers[name] = oracle.read(location, size, bits)
        if location.region in oracle.constants:
            continue
        flag = size <= BYTES_I32 and location.offset % size == 0 if isinstance(found, MemInst) else None
        read = Read(Order.SEQCST, location, size, value)
        event = builder.event(thread.id, node, Kind.OBSERVE, (read,), "observe", text=name, notears=flag)
        builder.asw += [(other, event) for other in range(before)]
    builder.leaf(node, Status.DONE, registers)


def region_names(plan: Plan, cells: dict[str, tuple[Location, int]]) -> dict[Region, str]:
    """What people call the regions: the name of the memory, table or global in text, else that of its export; `len`
    regions with the suffix `.len`. An address keeps the first name that it is given."""
    found: dict[Region, str] = {}
    for name, (location, _) in cells.items():
        if location.region.field is Field.VAL:
            found[location.region] = name
    for module, instance in zip(plan.modules, plan.instances, strict=True):
        exports = {address: name for name, (_, address) in reversed(list(instance.exports.items()))}
        for addresses, bindings in zip(
            (instance.globals, instance.tables, instance.mems), _bindings(module), strict=True
        ):
            for address, binding in zip(addresses, bindings, strict=True):
                name = binding.removeprefix("$") if binding else exports.get(address, "")
                if not name:
                    continue
                for region in plan.store.regions(address):
                    found.setdefault(region, f"{name}.len" if region.field is Field.LEN else name)
    return found


def _bindings(module: Module) -> tuple[list[str | None], ...]:
    """The names in text of all globals, tables and memories, imports first."""
    return tuple(
        [i.binding for i in module.imported(kind)] + [d.binding for d in defined]
        for kind, defined in (
            (ExternKind.GLOBAL, module.globals),
            (ExternKind.TABLE, module.tables),
            (ExternKind.MEMORY, module.memories),
        )
    )
