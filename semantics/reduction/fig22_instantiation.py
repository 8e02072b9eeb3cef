"""Fig. 22: instantiation. One atomic step allocates and initialises; segments and start functions come after (D3).

An active segment of a table or memory that is itself fresh is part of its initial content, as nobody can tell: the
others, and the start function, are code that runs in the new instance after the step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from semantics.reduction.access import concrete, length_of, read_length, value_of, within
from semantics.reduction.constants import evaluate_constant
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Field, Image, Location, Payload, Region, Write
from semantics.runtime.configuration import Activate, Frame, Instantiation, Step, Trap, Value
from semantics.runtime.store import (
    DataInst,
    ElemInst,
    FuncInst,
    GlobalInst,
    MemInst,
    ModuleInst,
    Store,
    TableInst,
)
from semantics.syntax.instructions import Call, Const, DataDrop, ElemDrop, Instantiate, Instr, MemoryInit, TableInit
from semantics.syntax.modules import ExternKind, Module, SegmentMode
from semantics.syntax.types import (
    I32,
    PAGE,
    ExternType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    Order,
    TableType,
)
from semantics.terms import Term, negate
from semantics.validation.matching import match_extern
from semantics.validation.threads import reference_to

LINK_MISMATCH = "incompatible import type"


class Link(NamedTuple):
    """Imports that match, if `condition` holds of the sizes that `actions` read."""

    actions: tuple[Action, ...]
    condition: tuple[Term, ...]


@local_rule("instantiate-ok", fig=22, row=1, page=31, instr=Instantiate)
def instantiate_ok(frame: Frame, operands: tuple[Value, ...], instr: Instantiate, oracle: Oracle) -> Step | None:
    """s; f; (ref a_i)* (instantiate mod)  -->act_g* act_t* act_m*  s + objects of mod; f; (ref a_e)*

    act_g* = (wr a_g.val v_g)*   act_t* = ((wr a_t.len n_t) (wr a_t.elem[0] v_t*))*
    act_m* = ((wr a_m.len n_m) (wr a_m.data[0] 0^n_m))*
    if |- type(s(a_i)) <= the declared type, for every import. Then segments and start run [D3, profile start].
    """
    link = _linked(operands, instr.module, oracle)
    if link is None:
        return None
    imports = tuple(concrete(v.term) for v in operands)
    made = instantiate(oracle.store, instr.module, imports, creator=frame)
    code = made.code if oracle.profile.start else ()
    then = Activate(Frame(made.instance, ()), code) if code else None
    typing = oracle.profile.typing
    result = tuple(Value(reference_to(oracle.store.type(a), typing), a) for a in made.exports)
    return Step(result, then, (*link.actions, *made.writes), link.condition)


@local_rule("instantiate-mismatch", fig=22, page=31, instr=Instantiate)
def instantiate_mismatch(
    frame: Frame, operands: tuple[Value, ...], instr: Instantiate, oracle: Oracle
) -> Step | tuple[Step, ...] | None:
    """s; f; (ref a_i)* (instantiate mod)  -->  trap

    if some operand is null or its object's type is not <= the declared one [not printed: stuck, D9]
    """
    if oracle.profile.link_mismatch == "stuck":
        return None
    link = _linked(operands, instr.module, oracle)
    if link is None:
        return Step((), Trap(LINK_MISMATCH))
    return tuple(
        Step((), Trap(LINK_MISMATCH), (action,), (negate(condition),))
        for action, condition in zip(link.actions, link.condition, strict=True)
        if condition != 1
    )


def link(module: Module, imports: Iterable[int], oracle: Oracle) -> Link | None:
    """Whether the objects at `imports` may stand for the module's imports: None if not.

    A table or memory whose declared minimum is too small is measured by its current size (DEC 25).
    """
    actions: list[Action] = []
    condition: list[Term] = []
    for wanted, address in zip(module.imports, imports, strict=True):
        if address == 0:
            return None
        actual = oracle.store.type(address)
        if match_extern(actual, wanted.type):
            continue
        if oracle.profile.import_size != "current" or not isinstance(wanted.type, TableType | MemType):
            return None
        least = wanted.type.limits.min
        if not match_extern(_grown(actual, least), wanted.type):
            return None
        unit = PAGE if isinstance(wanted.type, MemType) else 1
        length = read_length(oracle, address, Order.SEQCST)
        inside = within(least * unit, length.value)
        if inside == 0:
            return None
        actions.append(length)
        condition.append(inside)
    return Link(tuple(actions), tuple(condition))


def instantiate(store: Store, module: Module, imports: tuple[int, ...], *, creator: object = None) -> Instantiation:
    """Allocates the objects of a valid module in `store` and records their initial contents there.

    `imports` are addresses in the order of `module.imports`, of matching types. Indices list imports first.
    """
    instance = ModuleInst(types=module.types, module=module, imports=imports)
    spaces: dict[type, list[int]] = {FuncType: [], GlobalType: [], TableType: [], MemType: []}
    for declared, address in zip(module.imports, imports, strict=True):
        spaces[type(declared.type)].append(address)
    funcs, tables, mems = spaces[FuncType], spaces[TableType], spaces[MemType]
    first = len(store.objects) + 1
    for function in module.funcs:
        funcs.append(store.allocate(FuncInst(function.type, instance, function, len(funcs)), creator))
    instance.funcs = tuple(funcs)
    instance.globals = tuple(spaces[GlobalType])
    started = len(store.objects)
    for definition in module.globals:
        value = evaluate_constant(store, instance, definition.init)
        address = store.allocate(GlobalInst(definition.type), creator)
        store.initial[value_of(address).region] = value
        instance.globals += (address,)
    contents = _Contents(store, instance)
    for table in module.tables:
        null = evaluate_constant(store, instance, table.init) if table.init is not None else 0
        address = store.allocate(TableInst(table.type), creator)
        contents.begin(address, Field.ELEM, table.type.limits.min, null)
        tables.append(address)
    for memory in module.memories:
        address = store.allocate(MemInst(memory.type), creator)
        contents.begin(address, Field.DATA, memory.type.limits.min * PAGE, 0)
        mems.append(address)
    instance.tables, instance.mems = tuple(tables), tuple(mems)
    code = _segments(store, module, instance, contents, creator)
    contents.finish()
    store.owner.update((address, instance) for address in range(first, len(store.objects) + 1))
    if module.start is not None:
        code.append(Call(module.start))
    space = {
        ExternKind.FUNC: instance.funcs,
        ExternKind.GLOBAL: instance.globals,
        ExternKind.TABLE: instance.tables,
        ExternKind.MEMORY: instance.mems,
    }
    exports = tuple(space[e.kind][e.index] for e in module.exports)
    instance.exports = {e.name: (e.kind, a) for e, a in zip(module.exports, exports, strict=True)}
    fresh = (r for a in range(started + 1, len(store.objects) + 1) for r in store.regions(a))
    writes = (_initial_write(r, store.initial[r]) for r in fresh)
    return Instantiation(instance, tuple(w for w in writes if w.size), exports, tuple(code))


class _Contents:
    """The initial contents of the fresh tables and memories, while segments are laid into them."""

    def __init__(self, store: Store, instance: ModuleInst) -> None:
        self.store = store
        self.instance = instance
        self.units: dict[int, dict[int, int]] = {}
        self.extent: dict[int, tuple[Field, int, int]] = {}

    def begin(self, address: int, field: Field, count: int, default: int) -> None:
        """A fresh object of `count` units."""
        self.units[address] = {}
        self.extent[address] = (field, count, default)

    def lay(self, address: int, offset: int, content: Iterable[int], length: int) -> bool:
        """Lays a segment into a fresh object; False, and nothing done, if it is not fresh or does not fit."""
        if address not in self.units or offset + length > self.extent[address][1]:
            return False
        self.units[address].update(enumerate(content, offset))
        return True

    def finish(self) -> None:
        """Records lengths and contents in the store."""
        for address, (field, count, default) in self.extent.items():
            units = tuple(sorted((k, v) for k, v in self.units[address].items() if v != default))
            self.store.initial[length_of(address).region] = count
            self.store.initial[Region(address, field)] = Image(count, units, default)


def _segments(store: Store, module: Module, instance: ModuleInst, contents: _Contents, creator: object) -> list[Instr]:
    """Allocates the segments; lays active ones into fresh objects; the code that initialises the others.

    Once an element segment goes to an imported table, others may call into the instance before it is complete: from
    there on everything is code (systems.md, program 11d).
    """
    code: list[Instr] = []
    published = False
    for x, elem in enumerate(module.elems):
        items = tuple(evaluate_constant(store, instance, item) for item in elem.items)
        dropped = elem.mode is SegmentMode.DECLARATIVE
        if elem.mode is SegmentMode.ACTIVE:
            offset = evaluate_constant(store, instance, elem.offset)
            dropped = not published and contents.lay(instance.tables[elem.table], offset, items, len(items))
            if not dropped:
                published = True
                code += _copied(offset, len(items), TableInit(elem.table, x, span=elem.span), ElemDrop(x))
        address = store.allocate(ElemInst(elem.type, items), creator)
        store.initial[value_of(address).region] = int(dropped)
        instance.elems += (address,)
    for x, data in enumerate(module.datas):
        dropped = False
        if data.mode is SegmentMode.ACTIVE:
            offset = evaluate_constant(store, instance, data.offset)
            dropped = not published and contents.lay(
                instance.mems[data.memory], offset, data.content, len(data.content)
            )
            if not dropped:
                code += _copied(offset, len(data.content), MemoryInit(x, data.memory, span=data.span), DataDrop(x))
        address = store.allocate(DataInst(data.content), creator)
        store.initial[value_of(address).region] = int(dropped)
        instance.datas += (address,)
    return code


def _copied(offset: int, count: int, init: MemoryInit | TableInit, drop: DataDrop | ElemDrop) -> tuple[Instr, ...]:
    """SG4: an active segment is a *.init followed by a *.drop."""
    return (Const(I32, offset), Const(I32, 0), Const(I32, count), init, drop)


def _initial_write(region: Region, payload: Payload) -> Write:
    size = payload.count if isinstance(payload, Image) else 1
    return Write(Order.INIT, Location(region), size, payload)


def _linked(operands: tuple[Value, ...], module: Module, oracle: Oracle) -> Link | None:
    return link(module, (concrete(v.term) for v in operands), oracle)


def _grown(actual: ExternType, least: int) -> ExternType:
    """The type of a table or memory whose size is known to be at least `least`."""
    if isinstance(actual, TableType | MemType):
        limits = Limits(max(actual.limits.min, least), actual.limits.max)
        return replace(actual, limits=limits)
    return actual
