"""Declarations (Fig. 21: T30 to T37) and modules (core 3.4): segments, start, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from semantics.diagnostics import Invalid, NotExpressible
from semantics.runtime.discipline import PAPER, Discipline, Sort
from semantics.syntax.instructions import Const, Expr, Node, RefFunc, RefNull
from semantics.syntax.modules import Data, Elem, Function, Global, Import, Memory, Module, SegmentMode, Table
from semantics.syntax.types import I32, ExternType, FuncType, GlobalType, MemType, Share, TableType
from semantics.validation.bodies import check_body, check_constant
from semantics.validation.context import FUNC, Context, Spaces, project, refuse, segment_share
from semantics.validation.formation import (
    check_attribute,
    functype_ok,
    globaltype_ok,
    memtype_ok,
    reftype_ok,
    sharable,
    tabletype_ok,
)
from semantics.validation.operands import Body
from semantics.validation.registry import typing_rule
from semantics.validation.spaces import IndexSpaces, export, index_spaces


# --- definitions --------------------------------------------------------------------------------
@typing_rule("T30", Function, fig=21, row="Declarations: func")
def function(c: Context, f: Function) -> None:
    """
    |- ft : ok    ft = sh t1* -> t2*    sh(C), local t1* t*, label (t2*), return (t2*) |- e* : eps -> t2*
    -----------------------------------------------------------------------------------------------------
    C |- ex* func ft local t* e* : ex* ft

    `c` is sh(C) with locals and results; the label is that of the body. [strict bodies (B.12): sh = shared implies
    |- t : shared, and so for the operands and results of every instruction]
    """
    functype_ok(f.type, f, c.discipline)
    for t in f.locals:
        reftype_ok(t, f, c.discipline)
        if c.strict and not sharable(t, Share.SHARED):
            raise Invalid(f"a shared function may not have a local variable of type {t}", f.span, rule="T30")
    results = f.type.results
    check_body(c, Body(f.body, (), results, results, f, "T30"))


@typing_rule("T31", Global, fig=21, row="Declarations: global")
def global_(c: Context, g: Global) -> None:
    """
    |- gt : ok    gt = sh mut t    C |- e* : eps -> t const
    -------------------------------------------------------
    C |- ex* global gt e* : ex* gt

    C, not sh(C): the initialiser is run by the instantiating thread. [sh = tls: e* is t's default, where the design
    asks for it (B.10)]
    """
    globaltype_ok(g.type, g, c.discipline)
    check_constant(c, g.init, g.type.type, g, "T31")
    if g.type.share is Share.TLS and c.discipline.tls_default:
        for e in g.init:
            if not (isinstance(e, RefNull) or (isinstance(e, Const) and e.value == 0)):
                raise Invalid("a thread-local global must start with the default of its type", e.span, rule="T31")


@typing_rule("T32", Table, fig=21, row="Declarations: table")
def table(c: Context, t: Table) -> None:
    """
    |- tt : ok    [tt = sh rt[n]    (C |- e* : eps -> rt const)?]
    -------------------------------------------------------------
    C |- ex* table tt e*? : ex* tt
    """
    tabletype_ok(t.type, t, c.discipline)
    if t.init is not None:
        check_constant(c, t.init, t.type.elem, t, "T32")


@typing_rule("T33", Memory, fig=21, row="Declarations: memory")
def memory(c: Context, m: Memory) -> None:
    """
    |- mt : ok
    ---------------------------
    C |- ex* memory mt : ex* mt
    """
    memtype_ok(m.type, m, c.discipline)


# --- imports ------------------------------------------------------------------------------------
@typing_rule("T34", fig=21, row="Declarations: func import")
def func_import(im: Import, ft: FuncType, discipline: Discipline) -> None:
    """
    |- ft : ok
    ----------------------------
    C |- ex* func ft im : ex* ft
    """
    functype_ok(ft, im, discipline)


@typing_rule("T35", fig=21, row="Declarations: global import")
def global_import(im: Import, gt: GlobalType, discipline: Discipline) -> None:
    """
    |- gt : ok
    ------------------------------
    C |- ex* global gt im : ex* gt
    """
    globaltype_ok(gt, im, discipline)


@typing_rule("T36", fig=21, row="Declarations: table import")
def table_import(im: Import, tt: TableType, discipline: Discipline) -> None:
    """
    |- tt : ok
    -----------------------------
    C |- ex* table tt im : ex* tt
    """
    tabletype_ok(tt, im, discipline)


@typing_rule("T37", fig=21, row="Declarations: memory import")
def memory_import(im: Import, mt: MemType, discipline: Discipline) -> None:
    """
    |- mt : ok
    ------------------------------
    C |- ex* memory mt im : ex* mt
    """
    memtype_ok(mt, im, discipline)


IMPORT_RULES: dict[type[ExternType], Callable[..., None]] = {
    FuncType: func_import,
    GlobalType: global_import,
    TableType: table_import,
    MemType: memory_import,
}


# --- segments, start ----------------------------------------------------------------------------
@typing_rule("elem", Elem, row="3.4.5 Element Segments", source="core")
def elem(c: Context, segment: Elem, items: Context) -> None:
    """
    (C |- e* : eps -> rt const)*    mode active x e0*: C.table(x) = sh rt[n], C |- e0* : eps -> i32 const
    -----------------------------------------------------------------------------------------------------
    C |- elem rt (e*)* mode : rt

    [an attribute: B.11, |- rt : sh; `items` is C, or sh(C) where what is shared is initialised so]
    """
    reftype_ok(segment.type, segment, c.discipline)
    check_attribute(segment.share, Sort.ELEM, segment, c.discipline)
    if not sharable(segment.type, segment.share):
        raise refuse(segment, f"a shared elem segment may not hold a local {segment.type}")
    for item in segment.items:
        check_constant(items, item, segment.type, segment, "elem")
    if segment.mode is SegmentMode.ACTIVE:
        tt = c.table(segment, segment.table)
        if tt.elem != segment.type:
            raise refuse(segment, f"type mismatch: expected a segment of {tt.elem}, found one of {segment.type}")
        check_constant(c, segment.offset, I32, segment, "elem")


@typing_rule("data", Data, row="3.4.6 Data Segments", source="core")
def data(c: Context, segment: Data) -> None:
    """
    mode active x e0*: C.memory(x) = mt, C |- e0* : eps -> i32 const
    ----------------------------------------------------------------
    C |- data b* mode : ok

    [an attribute: B.11]
    """
    check_attribute(segment.share, Sort.DATA, segment, c.discipline)
    if segment.mode is SegmentMode.ACTIVE:
        c.memory(segment, segment.memory)
        check_constant(c, segment.offset, I32, segment, "data")


@typing_rule("start", Module, row="3.4.7 Start Function", source="core")
def start(c: Context, module: Module, index: int) -> None:
    """
    C.func(i) = sh eps -> eps
    -------------------------
    C |- start i : ok

    The paper has no start; the function may be local or shared.
    """
    ft = c.func(module, index)
    if ft.params or ft.results:
        raise refuse(module, f"start function {c.name(FUNC, index)} must be [] -> []: found {ft}")


@typing_rule("module flag", row="B.8 module shared?", source="design")
def module_flag(module: Module, discipline: Discipline) -> None:
    """
    module shared: every function, memory, table, global, segment and import is shared
    module: every function, table and global is local; the rest is free
    ----------------------------------------------------------------------------------
    |- module shared? ... : ok    [gran = module]
    """
    if discipline.gran != "module":
        if module.shared:
            raise NotExpressible(discipline.name, "a module with the attribute", module.span)
        return
    own: list[tuple[str, Node, Share]] = [
        *(("function", f, f.type.share) for f in module.funcs),
        *(("table", t, t.type.share) for t in module.tables),
        *(("global", g, g.type.share) for g in module.globals),
    ]
    if module.shared:
        own += [("elem segment", e, segment_share(e, discipline)) for e in module.elems]
        own += [("data segment", d, segment_share(d, discipline)) for d in module.datas]
        own += [("memory", m, m.type.share) for m in module.memories]
        own += [(f'import "{i.module}" "{i.name}"', i, i.type.share) for i in module.imports]
        wanted, where = Share.SHARED, "a module with the attribute: declare it shared"
    else:
        wanted, where = Share.LOCAL, "a module without the attribute: it must be local"
    for word, node, share in own:
        if share is not wanted:
            raise Invalid(f"{share.value} {word} in {where}", node.span, rule="module flag")


# --- modules ------------------------------------------------------------------------------------
@typing_rule("module", row="3.4.10 Modules", source="core")
def check_module(module: Module, discipline: Discipline, nested: list[Module]) -> None:
    """
    C = all index spaces    C' = C with imported globals only    C |- func* ok    C |- start? export* ok
    C' |- global* table* mem* elem* data* ok    export names disjoint    [one memory: threads proposal]
    ----------------------------------------------------------------------------------------------------
    |- module ... : et1* -> et2*

    Closed modules that the code instantiates are added to `nested`.
    """
    module_flag(module, discipline)
    for opaque in module.opaques:
        reftype_ok(opaque.type, opaque, discipline)
    for ft in module.types:
        functype_ok(ft, module, discipline)
    for im in module.imports:
        IMPORT_RULES[type(im.type)](im, im.type, discipline)
    found = index_spaces(module)
    refs = declared(module) if discipline.declared_refs else frozenset()
    spaces = _spaces(module, found, discipline, refs, nested)
    constants = found._replace(globals=found.globals[: found.imported_globals])
    _check_constants(module, _spaces(module, constants, discipline, refs, nested))
    _check_functions(module, spaces)
    if module.start is not None:
        start(Context(spaces), module, module.start)
    _check_exports(module, found)
    if len(found.mems) > 1 and not discipline.several_memories:
        raise Invalid(f"multiple memories: found {len(found.mems)}", module.span, rule="module")


def _spaces(
    module: Module, found: IndexSpaces, discipline: Discipline, refs: frozenset[int], nested: list[Module]
) -> Spaces:
    return Spaces(
        module,
        discipline,
        module.types,
        found.funcs,
        found.tables,
        found.mems,
        found.globals,
        module.elems,
        module.datas,
        refs,
        nested,
    )


def _check_constants(module: Module, spaces: Spaces) -> None:
    """All that is typed under C': globals, tables, memories, segments; where bodies are strict, what is shared is
    initialised under sh(C') (B.12)."""
    c = Context(spaces)
    strict = Context(project(spaces)) if spaces.discipline.body == "strict" else c
    for g in module.globals:
        global_(strict if g.type.share is Share.SHARED else c, g)
    for t in module.tables:
        table(strict if t.type.share is Share.SHARED else c, t)
    for m in module.memories:
        memory(c, m)
    for element_segment in module.elems:
        elem(c, element_segment, strict if element_segment.share is Share.SHARED else c)
    for data_segment in module.datas:
        data(c, data_segment)


def _check_functions(module: Module, spaces: Spaces) -> None:
    projected: Spaces | None = None
    first = len(spaces.funcs) - len(module.funcs)
    for index, f in enumerate(module.funcs, first):
        seen = spaces
        if f.type.share is Share.SHARED:
            seen = projected = projected or project(spaces)
        strict = seen is projected and seen.discipline.body == "strict"
        function(Context(seen, f.type.params + f.locals, None, f.type.results, index, strict), f)


def _check_exports(module: Module, spaces: IndexSpaces) -> None:
    names: set[str] = set()
    for ex in module.exports:
        export(spaces, ex)
        if ex.name in names:
            raise refuse(ex, f"duplicate export name: {ex.name!r}")
        names.add(ex.name)


def declared(module: Module) -> frozenset[int]:
    """C.refs: the functions that occur in `module` outside of function bodies and of start."""

    def mentioned(codes: Iterable[Expr]) -> set[int]:
        return {e.func for code in codes for e in code if isinstance(e, RefFunc)}

    return frozenset(
        {ex.index for ex in module.exports if ex.kind is FUNC}
        | mentioned(g.init for g in module.globals)
        | mentioned(t.init for t in module.tables if t.init is not None)
        | mentioned(item for segment in module.elems for item in (*segment.items, segment.offset))
        | mentioned(segment.offset for segment in module.datas)
    )


def validate(module: Module, discipline: Discipline = PAPER) -> None:
    """|- mod : et1* -> et2*, for `module` and for every module nested in it. Raises Invalid (rule, span)."""
    modules = [module]
    done: set[int] = set()
    for current in modules:
        if id(current) not in done:
            done.add(id(current))
            check_module(current, discipline, modules)
            modules.extend(current.modules)
