"""When an unreachable cut says that nothing lies behind it.

A path that a bound cut off is refuted inside the truncated structure, where no read can read from a write behind a cut.
That refutes it altogether if every execution can be cut back to a prefix: if po and rf together have no cycle. A
model may demand that (`semantics.axioms.causality`). Otherwise a cycle needs an rf edge that is no synchronisation,
that is, on a cell where some access is not seqcst or two ranges differ. Values of such cells may come from behind a
cut; `behind` says whether they matter: whether one flows into a condition, or into a write to a cell that synchronises.
"""

from __future__ import annotations

from collections.abc import Iterable

from semantics.execution.structure import EventStructure, Kind, Origin, Status
from semantics.reduction.designs import EFFECTS
from semantics.runtime.actions import Action, Region, reading, writing, written
from semantics.syntax import instructions as syntax
from semantics.syntax.modules import Module, with_nested
from semantics.syntax.types import Order
from semantics.terms import App, Sym, symbols

Cell = tuple[Region, int]

_ACCESSES = (
    syntax.Load, syntax.Store, syntax.Rmw, syntax.Cmpxchg, syntax.Wait, syntax.MemoryFill, syntax.MemoryCopy,
    syntax.MemoryInit, syntax.MemoryGrow, syntax.GlobalGet, syntax.GlobalSet, syntax.TableGet, syntax.TableSet,
    syntax.TableFill, syntax.TableCopy, syntax.TableInit, syntax.TableGrow, syntax.CallIndirect,
)  # fmt: skip


def behind(structure: EventStructure, modules: Iterable[Module]) -> str:
    """Why writes behind a cut might steer the execution; "" where they cannot, or where nothing was cut.

    `structure` must not be pruned by the values that its own writes give: those behind a cut are missing there.
    """
    if not any(n.leaf is not None and n.leaf.status is Status.CUT for n in structure.nodes):
        return ""
    seen = {e.span for e in structure.events}
    for instr in _instructions(modules):
        if _acts(instr) and instr.span not in seen:
            place = f" ({instr.span})" if instr.span else ""
            return f"an access that no explored path performs may run behind a cut{place}"
    racy = _racy_cells(structure)
    tainted = {
        s
        for s, info in structure.symbols.items()
        if info.origin is Origin.READ
        and info.event is not None
        and any(
            info.region == a.location.region and racy & _cells(a)
            for a in structure.events[info.event].actions
            if reading(a)
        )
    }
    steering = "a value that races may come from behind a cut and steer the execution"
    if any(tainted & symbols(c) for node in structure.nodes for c in node.condition):
        return steering
    for action in _actions(structure):
        payload = written(action) if writing(action) else 0
        if isinstance(payload, Sym | App) and tainted & symbols(payload) and not _cells(action) <= racy:
            return steering
    return ""


def _instructions(modules: Iterable[Module]) -> Iterable[syntax.Instr]:
    todo = [function.body for module in modules for m in with_nested(module) for function in m.funcs]
    while todo:
        for instr in todo.pop():
            yield instr
            if isinstance(instr, syntax.Block | syntax.Loop):
                todo.append(instr.body)
            elif isinstance(instr, syntax.If):
                todo += [instr.then, instr.orelse]


def _acts(instr: syntax.Instr) -> bool:
    """Whether an instruction may have a memory action."""
    effect = EFFECTS.get(type(instr))
    return isinstance(instr, _ACCESSES) if effect is None else effect.acts or bool(effect.touches(instr))


def _actions(structure: EventStructure) -> Iterable[Action]:
    return (a for e in structure.events if e.kind is not Kind.INIT for a in e.actions)


def _cells(action: Action) -> frozenset[Cell]:
    start = action.location.offset
    if action.size > 64:  # a grown region: its first cells stand for all, no symbol is written there
        return frozenset({(action.location.region, start)})
    return frozenset((action.location.region, start + i) for i in range(action.size))


def _racy_cells(structure: EventStructure) -> set[Cell]:
    """Cells that some event writes and that are not always accessed seqcst and with one range."""
    ranges: dict[Cell, set[tuple[int, int, bool]]] = {}
    stored: set[Cell] = set()
    for action in _actions(structure):
        how = (action.location.offset, action.size, action.order is Order.SEQCST)
        for cell in _cells(action):
            ranges.setdefault(cell, set()).add(how)
            if writing(action):
                stored.add(cell)
    return {c for c, found in ranges.items() if c in stored and (len(found) > 1 or not next(iter(found))[2])}
