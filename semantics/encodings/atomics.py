"""Atomic accesses of shared-everything-threads (systems.md B.12) that the paper's designs lack.

An atomic access of private state is a plain one. A shared global that is read and written in one step becomes a cell of
a shared memory, of which there are such accesses (B.14, "not encodable").
"""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.rewriting import all_code, defining, replaced
from semantics.profiles.shared_everything import GlobalCmpxchg, GlobalRmw, TableXchg
from semantics.syntax.instructions import (
    Binary,
    BlockType,
    Call,
    CallIndirect,
    Cmpxchg,
    Compare,
    Const,
    Expr,
    GlobalGet,
    GlobalSet,
    If,
    Instr,
    Load,
    LocalGet,
    LocalTee,
    MemArg,
    Notify,
    Rmw,
    Store,
    TableGet,
    TableSet,
    Wait,
)
from semantics.syntax.modules import ExternKind, Function, Memory, Module
from semantics.syntax.types import I32, ExternType, FuncType, Limits, MemType, NumType, Order, Share, ValType
from semantics.validation.spaces import IndexSpaces, index_spaces

WORD = 8
GLOBAL = ExternKind.GLOBAL
Access = GlobalGet | GlobalSet | GlobalRmw | GlobalCmpxchg


def without_atomics(module: Module) -> Module:
    """The module without what P10 has no instruction for. Fragment: `not_without`."""
    spaces = index_spaces(module)
    cells = {x: n for n, x in enumerate(sorted(_exchanged(module, spaces)))}
    memory, first = len(spaces.mems), len(spaces.funcs)
    accesses: dict[Access, int] = {}

    def step(e: Instr, _depth: int) -> Expr:
        if isinstance(e, GlobalRmw | GlobalCmpxchg) or (isinstance(e, GlobalGet | GlobalSet) and e.index in cells):
            return (Call(accesses.setdefault(e, first + len(accesses)), span=e.span),)
        match e:
            case GlobalGet(index) | GlobalSet(index) if _private(spaces.globals[index]):
                return (replace(e, order=Order.UNORD),)
            case TableGet(index) | TableSet(index) | CallIndirect(_, index) if _private(spaces.tables[index]):
                return (replace(e, order=Order.UNORD),)
            case Load() | Store() if _private(spaces.mems[e.memarg.memory]):
                return (replace(e, order=Order.UNORD),)
        return (e,)

    made = replaced(module, step)
    made = defining(made, *(_access(e, spaces, cells, memory) for e in accesses))
    own = Memory(MemType(Share.SHARED, Limits(1, 1)))
    return replace(made, memories=(*made.memories, own)) if cells else made


def _private(t: ExternType) -> bool:
    return t.share is not Share.SHARED


def _exchanged(module: Module, spaces: IndexSpaces) -> set[int]:
    """The shared globals that some instruction reads and writes in one step."""
    changed = {e.global_ for e in all_code(module) if isinstance(e, GlobalRmw | GlobalCmpxchg)}
    return {x for x in changed if spaces.globals[x].share is Share.SHARED}


def _access(e: Access, spaces: IndexSpaces, cells: dict[int, int], memory: int) -> Function:
    """A function that does what an access of a global does: to its cell, or to what only one thread may touch."""
    index = e.index if isinstance(e, GlobalGet | GlobalSet) else e.global_
    found = spaces.globals[index]
    given = 0 if isinstance(e, GlobalGet) else 2 if isinstance(e, GlobalCmpxchg) else 1
    share = Share.LOCAL if found.share is Share.LOCAL else Share.SHARED
    type = FuncType(share, (found.type,) * given, () if isinstance(e, GlobalSet) else (found.type,))
    if index in cells:
        assert isinstance(found.type, NumType)  # of the fragment
        code: Expr = (Const(I32, WORD * cells[index]), *map(LocalGet, range(given)), _of_cell(e, found.type, memory))
    else:
        code = _of_one_thread(e, found.type, index)
    return Function(type, (found.type,), code, f"${index}")


def _of_cell(e: Access, t: NumType, memory: int) -> Instr:
    at = MemArg(0, t.bytes.bit_length() - 1, memory)
    match e:
        case GlobalGet():
            return Load(t, t.bytes, None, at, e.order)
        case GlobalSet():
            return Store(t, t.bytes, at, e.order)
        case GlobalRmw():
            return Rmw(t, e.op, t.bytes, at, e.order)
    return Cmpxchg(t, t.bytes, at, e.order)


def _of_one_thread(e: Access, t: ValType, index: int) -> Expr:
    get, put = GlobalGet(index), GlobalSet(index)
    if isinstance(e, GlobalRmw) and e.op == "xchg":
        return get, LocalGet(0), put
    assert isinstance(t, NumType)  # by typing
    if isinstance(e, GlobalRmw):
        return get, get, LocalGet(0), Binary(t, e.op), put
    same = LocalTee(2), LocalGet(0), Compare(t, "eq")
    return get, *same, If(BlockType(), (LocalGet(1), put)), LocalGet(2)


# --- the fragment ---------------------------------------------------------------------------------
def not_without(module: Module) -> str:
    """Why a module is outside the fragment of `without_atomics`: tables have no exchanges, local memories no rmw, wait
    and notify; a shared global that is read and written in one step is of the module alone, begins with zero, and has
    no plain accesses if it is of 64 bits: those of a memory tear."""
    spaces = index_spaces(module)
    exchanged = _exchanged(module, spaces)
    wide = {x for x in exchanged if spaces.globals[x].type != I32}
    for e in all_code(module):
        if isinstance(e, TableXchg):
            return e.opcode
        if isinstance(e, Rmw | Cmpxchg | Wait | Notify) and spaces.mems[e.memarg.memory].share is Share.LOCAL:
            return "a read-modify-write, wait or notify on a local memory"
        if isinstance(e, GlobalGet | GlobalSet) and e.order is Order.UNORD and e.index in wide:
            return "plain accesses of 64 bits to a shared global that has read-modify-writes"
    exported = {e.index for e in module.exports if e.kind is GLOBAL}
    if any(x < spaces.imported_globals or x in exported for x in exchanged):
        return "a shared global of several modules that has read-modify-writes"
    for x in exchanged:
        match module.globals[x - spaces.imported_globals].init:
            case (Const(_, 0),):
                continue
        return "a shared global that has read-modify-writes and does not begin with zero"
    return ""
