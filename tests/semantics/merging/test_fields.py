"""The table of indices against the classes of the syntax: no instruction can be forgotten."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import get_args, get_type_hints

import pytest

from semantics.merging.fields import FIELDS, Part, Space
from semantics.merging.renumbering import Renumbering
from semantics.profiles import PROFILES
from semantics.reduction.designs import EFFECTS
from semantics.syntax import instructions as ast
from semantics.syntax import modules
from semantics.syntax.types import FuncType, Share
from semantics.text.opcodes import ROWS

assert PROFILES  # their files enter instructions too
INSTRUCTIONS = get_args(ast.Instr)
DEFINITIONS = (modules.Function, modules.Global, modules.Table, modules.Memory, modules.Data, modules.Elem)
NAMES = {**vars(ast), **vars(modules)}


def mentioned(hint: object) -> set[object]:
    """The types that a type hint is made of."""
    found = {hint}
    for inner in get_args(hint):
        found |= mentioned(inner)
    return found


def renumberable(cls: type) -> set[str]:
    """The fields of a class that may hold a number, code, or a node with such fields."""
    hints = get_type_hints(cls, NAMES)
    names = {f.name for f in fields(cls)} - {"span"}
    nodes = {int, ast.MemArg, modules.Module, *INSTRUCTIONS}
    return {name for name in names if mentioned(hints[name]) & nodes}


@pytest.mark.parametrize("cls", [*INSTRUCTIONS, ast.MemArg, *DEFINITIONS], ids=lambda c: c.__name__)
def test_every_field_has_its_meaning(cls: type) -> None:
    assert set(FIELDS.get(cls, {})) == renumberable(cls)


def classes_of(module: ModuleType) -> set[type]:
    """The dataclasses that a module defines."""
    found = {c for c in vars(module).values() if isinstance(c, type) and is_dataclass(c)}
    return {c for c in found if c.__module__ == module.__name__}


def test_no_class_is_missing() -> None:
    """What has a row, and what needs none: the merge itself knows imports, exports and modules."""
    assert classes_of(ast) == {*INSTRUCTIONS, ast.MemArg, ast.Node, ast.BlockType}
    whole = {modules.Import, modules.Export, modules.Opaque, modules.Custom, modules.Module}
    assert classes_of(modules) == {*DEFINITIONS, *whole}
    assert set(FIELDS) <= {*INSTRUCTIONS, ast.MemArg, *DEFINITIONS}


def test_the_comparison_can_fail() -> None:
    """An index and code are seen, whatever the shape of the field."""
    assert renumberable(ast.Call) == {"func"}
    assert renumberable(ast.BrTable) == {"labels", "default"}
    assert renumberable(ast.If) == {"then", "orelse"}
    assert renumberable(modules.Elem) == {"items", "table", "offset"}
    assert renumberable(ast.Select) == set()


def shifted() -> Renumbering:
    return Renumbering({space: range(10, 20) for space in Space})


@pytest.mark.parametrize(
    "cls",
    [c for c, row in FIELDS.items() if c in INSTRUCTIONS and any(isinstance(r, Space) for r in row.values())],
    ids=lambda c: c.__name__,
)
def test_every_index_moves(cls: type) -> None:
    values = {f.name: 3 for f in fields(cls) if f.name in FIELDS[cls]}
    others = {f.name: ast.Order.SEQCST for f in fields(cls) if f.name == "order"}
    moved = shifted().code((cls(**values, **others),))[0]
    assert moved == cls(**{name: 13 for name in values}, **others)


WRITTEN = [kind for kind in EFFECTS if ROWS.get(kind.opcode, (None, None))[1] is kind]


@pytest.mark.parametrize("cls", WRITTEN, ids=lambda c: c.__name__)
def test_every_index_of_a_design_moves(cls: type) -> None:
    """Its fields are named after the spaces that they index; what no such name has is no index."""
    given = {"int": 3, "Module": modules.Module(), "Order": ast.Order.SEQCST, "str": "x"}
    values = {f.name: given[str(f.type)] for f in fields(cls) if f.name != "span"}
    moved = {n: 13 if v == 3 and n != "count" else v for n, v in values.items()}
    assert shifted().code((cls(**values),)) == (cls(**moved),)


def test_nested_code_and_memargs_move() -> None:
    load = ast.Load(ast.NumType.I32, 4, None, ast.MemArg(3, 2, 1))
    code: ast.Expr = (ast.Br(0), ast.LocalGet(1), load)
    for _ in range(3_000):  # deeper than Python's stack
        code = (ast.Block(ast.BlockType(), code), ast.If(ast.BlockType(), (ast.Call(0),), (ast.RefFunc(1),)))
    moved = shifted().code(code)
    for _ in range(3_000):
        block, choice = moved
        assert (choice.then, choice.orelse) == ((ast.Call(10),), (ast.RefFunc(11),))
        moved = block.body
    assert moved == (ast.Br(0), ast.LocalGet(1), ast.Load(ast.NumType.I32, 4, None, ast.MemArg(3, 2, 11)))


def test_closed_modules_stay() -> None:
    nested = modules.Module(funcs=(modules.Function(FuncType(Share.LOCAL, (), ()), (), (ast.Call(0),)),))
    assert shifted().code((ast.Instantiate(nested),)) == (ast.Instantiate(nested),)
    assert FIELDS[ast.Instantiate] == {"module": Part.CLOSED}
