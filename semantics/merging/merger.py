"""merge(M1, M2, rho) of systems.md B.8: one module that stands for two that are linked.

The host of a linked pair instantiates the provider first. So the provider's definitions, segments and start function
come first here, whichever of the two was named first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from semantics.merging.constants import Constants
from semantics.merging.fields import Space
from semantics.merging.linked import FUNC, GLOBAL, At, ImportRef, Linked
from semantics.merging.names import Naming, Renamed, Unique
from semantics.merging.renumbering import Renumbering
from semantics.syntax.instructions import Call, Const, DataDrop, ElemDrop, Expr, Instr, MemoryInit, TableInit
from semantics.syntax.modules import Function, Module, SegmentMode, Table
from semantics.syntax.types import I32, FuncType, Share

_NULLARY = FuncType(Share.LOCAL, (), ())


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged module and where its parts come from.

    `order`: the two modules in the order in which the linked pair is instantiated; `imports`: those that stay open, in
    the order of `module.imports`; `fused`: those that an equal one of these stands for; `exports`: the name of each
    module's exports in the merged module; `renumbering`: for each of the two modules, the new indices.
    """

    module: Module
    order: tuple[int, int]
    links: Mapping[ImportRef, str]
    imports: tuple[ImportRef, ...]
    fused: Mapping[ImportRef, ImportRef]
    exports: Mapping[tuple[int, str], str]
    renamed: tuple[Renamed, ...]
    renumbering: tuple[Renumbering, Renumbering]


def merge(modules: tuple[Module, Module], links: Mapping[ImportRef, str], *, fuse: bool = False) -> Merged:
    """Merges two valid modules; `links` is rho: imports of either module to names of exports of the other. With `fuse`,
    imports that stay open and have the same names and type become one, for hosts that give the same thing for both.

    Raises LinkError, naming the pair, for an export that there is not or whose type does not match (step 1), and for
    imports or initialisers that depend on each other in a circle. Custom sections are not kept.
    """
    linked = Linked(modules, links, fuse=fuse)
    naming = Naming(linked)
    constants = Constants(linked)
    exports, exported = naming.exports()
    named = naming.bound()
    parts = [(side, named[side]) for side in linked.order]
    module = Module(
        types=linked.types,
        imports=tuple(named[at.side].imports[at.position] for at in linked.imports),
        funcs=tuple(_function(linked.renumbering[side], f) for side, m in parts for f in m.funcs),
        globals=tuple(
            replace(g, init=constants.globals[At(side, i)])
            for side, m in parts
            for i, g in enumerate(m.globals, len(linked.imported[side][GLOBAL]))
        ),
        tables=tuple(_table(constants, side, t) for side, m in parts for t in m.tables),
        memories=tuple(memory for _, m in parts for memory in m.memories),
        exports=exports,
        datas=tuple(constants.segment(side, d) for side, m in parts for d in m.datas),
        elems=tuple(constants.segment(side, e) for side, m in parts for e in m.elems),
        modules=tuple(nested for _, m in parts for nested in m.modules),
        opaques=tuple(dict.fromkeys(replace(o, binding=None) for _, m in parts for o in m.opaques)),
        shared=modules[0].shared or modules[1].shared,
        binding=modules[0].binding or modules[1].binding,
    )
    return Merged(
        _with_start(module, linked),
        linked.order,
        linked.links,
        linked.imports,
        linked.fused,
        exported,
        tuple(naming.renamed),
        linked.renumbering,
    )


def _function(renumbering: Renumbering, function: Function) -> Function:
    return renumbering.node(function, {"body": renumbering.code(function.body)})


def _table(constants: Constants, side: int, table: Table) -> Table:
    return table if table.init is None else replace(table, init=constants.code(side, table.init))


def _with_start(module: Module, linked: Linked) -> Module:
    """start1 ; start2, as a wrapper where one call will not do.

    Where the provider has a start function, the importer's active segments wait for its end, as they do when the two
    are linked: they become passive, and the wrapper copies them.
    """
    starts = [(side, i) for side in linked.order if (i := linked.modules[side].start) is not None]
    calls = [Call(linked.renumbering[side].index(Space.FUNC, i)) for side, i in starts]
    provider, importer = linked.order
    copies: list[Instr] = []
    if linked.modules[provider].start is not None:
        module, copies = _passive(module, linked.renumbering[importer])
    if not copies and len(calls) < 2:
        return replace(module, start=calls[0].func) if calls else module
    names = Unique(())
    names.used.update(b for f in module.funcs if (b := f.binding) is not None)
    names.used.update(b for i in module.imported(FUNC) if (b := i.binding) is not None)
    wrapper = Function(_NULLARY, (), (calls[0], *copies, *calls[1:]), names.take("$start"))
    return replace(
        module,
        types=module.types if _NULLARY in module.types else (*module.types, _NULLARY),
        funcs=(*module.funcs, wrapper),
        start=len(module.imported(FUNC)) + len(module.funcs),
    )


def _passive(module: Module, importer: Renumbering) -> tuple[Module, list[Instr]]:
    """The merged module with the importer's active segments made passive, and the code that copies them."""
    elems, datas = list(module.elems), list(module.datas)
    copies: list[Instr] = []
    for x in importer.maps[Space.ELEM]:
        if (elem := elems[x]).mode is SegmentMode.ACTIVE:
            copies += _copy(elem.offset, len(elem.items), TableInit(elem.table, x, span=elem.span), ElemDrop(x))
            elems[x] = replace(elem, mode=SegmentMode.PASSIVE, table=0, offset=())
    for x in importer.maps[Space.DATA]:
        if (data := datas[x]).mode is SegmentMode.ACTIVE:
            copies += _copy(data.offset, len(data.content), MemoryInit(x, data.memory, span=data.span), DataDrop(x))
            datas[x] = replace(data, mode=SegmentMode.PASSIVE, memory=0, offset=())
    return replace(module, elems=tuple(elems), datas=tuple(datas)), copies


def _copy(offset: Expr, count: int, init: Instr, drop: Instr) -> tuple[Instr, ...]:
    """SG4: an active segment is a *.init followed by a *.drop."""
    return (*offset, Const(I32, 0), Const(I32, count), init, drop)
