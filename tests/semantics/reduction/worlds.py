"""A small world for rule tests: one instance with one object of each kind, and an oracle that is told its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from semantics.profiles.fork import FORK
from semantics.runtime.actions import Field, Location, Region
from semantics.runtime.configuration import Configuration, Frame, Value
from semantics.runtime.profile import Profile
from semantics.runtime.store import DataInst, ElemInst, FuncInst, GlobalInst, MemInst, ModuleInst, Store, TableInst
from semantics.syntax.instructions import Instr, LocalGet
from semantics.syntax.modules import Function
from semantics.syntax.types import (
    FUNCREF,
    I32,
    I64,
    PAGE,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    Share,
    TableType,
)
from semantics.terms import Sym, Term

UNARY = FuncType(Share.LOCAL, (I32,), (I32,))
NULLARY = FuncType(Share.LOCAL, (), ())
THREAD = FuncType(Share.SHARED, (I32,), ())

STORE = Store()
INSTANCE = ModuleInst(types=(UNARY, NULLARY))
F_UNARY = STORE.allocate(FuncInst(UNARY, INSTANCE, Function(UNARY, (I64,), (LocalGet(0),)), 0))
F_NULLARY = STORE.allocate(FuncInst(NULLARY, INSTANCE, Function(NULLARY, (), ()), 1))
F_THREAD = STORE.allocate(FuncInst(THREAD, INSTANCE, Function(THREAD, (), ()), 2))
GLOBAL = STORE.allocate(GlobalInst(GlobalType(Share.LOCAL, True, I64)))
TABLE = STORE.allocate(TableInst(TableType(Share.LOCAL, Limits(2, 5), FUNCREF)))
TABLE2 = STORE.allocate(TableInst(TableType(Share.LOCAL, Limits(2), FUNCREF)))
MEMORY = STORE.allocate(MemInst(MemType(Share.SHARED, Limits(1, 3))))
LOCAL_MEMORY = STORE.allocate(MemInst(MemType(Share.LOCAL, Limits(1))))
DATA = STORE.allocate(DataInst(b"abc"))
ELEM = STORE.allocate(ElemInst(FUNCREF, (F_UNARY, 0)))
INSTANCE.funcs = (F_UNARY, F_NULLARY, F_THREAD)
INSTANCE.globals = (GLOBAL,)
INSTANCE.tables = (TABLE, TABLE2)
INSTANCE.mems = (MEMORY, LOCAL_MEMORY)
INSTANCE.datas = (DATA,)
INSTANCE.elems = (ELEM,)


class Answers:
    """An oracle with prepared answers; what is not prepared is a length of one page or two entries, else a symbol."""

    def __init__(self, answers: Mapping[Location, Term] | None = None, profile: Profile = FORK) -> None:
        self.store = STORE
        self.profile = profile
        self.answers = dict(answers or {})
        self.symbols = 0
        self.thread = 0
        self.handle = 0
        self.asked: list[Location] = []

    def read(self, location: Location, size: int, width: int) -> Term:
        self.asked.append(location)
        if location in self.answers:
            return self.answers[location]
        if location.region.field is Field.LEN:
            return PAGE if location.region.addr in (MEMORY, LOCAL_MEMORY) else 2
        if location.region.addr in (DATA, ELEM):
            return 0
        self.symbols += 1
        return Sym(self.symbols, width)

    def possible(self, location: Location) -> Iterable[int]:
        known = self.answers.get(location)
        if isinstance(known, int):
            return (known,)
        if location.region.field is Field.ELEM:
            return (0, F_UNARY, F_NULLARY)
        return (PAGE,) if location.region.addr in (MEMORY, LOCAL_MEMORY) else (2,)

    def choice(self) -> Term:
        return self.answers.get(CHOICE, Sym(999, 1))


CHOICE = Location(Region(0, Field.VAL))
"""Stands for the environment's choice among the answers."""


def data(offset: int, memory: int = MEMORY) -> Location:
    return Location(Region(memory, Field.DATA), offset)


def elem(index: int, table: int = TABLE) -> Location:
    return Location(Region(table, Field.ELEM), index)


def length(address: int = MEMORY) -> Location:
    return Location(Region(address, Field.LEN))


def val(address: int) -> Location:
    return Location(Region(address, Field.VAL))


def frame(*values: Value) -> Frame:
    return Frame(INSTANCE, values, STORE.func(F_UNARY))


def at(*code: Instr, operands: tuple[Value, ...] = (), values: tuple[Value, ...] = ()) -> Configuration:
    """The configuration with these operands before this code, in a function with these locals."""
    return Configuration(code, 0, operands, None, frame(*values), None)


def i32(term: Term) -> Value:
    return Value(I32, term)


def i64(term: Term) -> Value:
    return Value(I64, term)


def ref(term: Term) -> Value:
    return Value(FUNCREF, term)
