"""Mistakes that a translation might make: random programs tell each from the translation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from litmus.checking.encodings import check
from semantics.encodings import ENCODINGS
from semantics.encodings.rewriting import FUNC, replaced, translated
from semantics.profiles.wavm import WAVM_CLONE
from semantics.syntax.instructions import (
    BlockType,
    Call,
    Const,
    Drop,
    Expr,
    GlobalSet,
    If,
    Instr,
    Load,
    LocalGet,
    RefFunc,
    RefIsNull,
    Return,
    Store,
)
from semantics.syntax.modules import Function, Module
from semantics.syntax.types import I32, FuncType, Order
from tests.semantics.encodings.compared import LIMITS

Change = Callable[[Module], Module]


def functions(name: str, change: Callable[[Module, Function], Function]) -> Change:
    """Other functions for those whose name begins so."""

    def one(module: Module, f: Function) -> Function:
        return change(module, f) if (f.binding or "").startswith(name) else f

    return lambda module: replace(module, funcs=tuple(one(module, f) for f in module.funcs))


def code(name: str, step: Callable[[Module, Instr], Expr]) -> Change:
    """Other code for the instructions of these functions."""

    def change(module: Module, f: Function) -> Function:
        return replaced(replace(module, funcs=(f,)), lambda e, _: step(module, e)).funcs[0]

    return functions(name, change)


def called(module: Module, e: Instr) -> str:
    """The name of the import that an instruction calls."""
    imports = module.imported(FUNC)
    return imports[e.func].name if isinstance(e, Call) and e.func < len(imports) else ""


def worker_of_another(module: Module) -> Module:
    """Every worker runs the first function."""
    first = next((n for n, i in enumerate(module.imported(FUNC)) if i.module == "worker"), 0)
    workers = {i.name for i in module.imported(FUNC) if i.module == "worker"}
    return code("", lambda m, e: (Call(first),) if called(m, e) in workers else (e,))(module)


def thread_of_another(module: Module) -> Module:
    """Every thread runs the first function of its type."""
    first: dict[FuncType, Instr] = {}

    def change(_module: Module, f: Function) -> Function:
        hands = first.setdefault(f.type, f.body[0]) if isinstance(f.body[0], RefFunc) else f.body[0]
        return replace(f, body=(hands, *f.body[1:]))

    return functions("$ask", change)(module)


def null_is_nobody(_module: Module, f: Function) -> Function:
    """A null reference starts no thread, and nothing traps."""
    if isinstance(f.body[0], RefFunc):
        return f
    return replace(f, body=(f.body[0], RefIsNull(), If(BlockType(), (Return(),), ()), *f.body))


def another_code(module: Module) -> Module:
    """Whatever code is asked for, it is the first."""
    first = next((n for n, i in enumerate(module.imported(FUNC)) if i.module == "module"), 0)
    codes = {i.name for i in module.imported(FUNC) if i.module == "module"}
    return code("", lambda m, e: (Call(first),) if called(m, e) in codes else (e,))(module)


def plain(_module: Module, e: Instr) -> Expr:
    """Atomic accesses are not."""
    return (replace(e, order=Order.UNORD),) if isinstance(e, Load | Store) else (e,)


TWINS: dict[str, tuple[str, Change]] = {
    "X5: an argument is lost": ("X5", code("$aux", lambda _, e: (Const(I32, 0),) if e == LocalGet(0) else (e,))),
    "X7: workers of another function": ("X7", worker_of_another),
    "X7: an argument is lost": (
        "X7",
        code("", lambda m, e: (Drop(), Const(I32, 0), e) if called(m, e).startswith("f") else (e,)),
    ),
    "X9: a global that nobody sets": ("X9", code("", lambda _, e: (Drop(),) if isinstance(e, GlobalSet) else (e,))),
    "X9: accesses that are not atomic": ("X9", code("", plain)),
    "X11: threads of another function": ("X11", thread_of_another),
    "X11: created threads of another function": ("X11-create", thread_of_another),
    "X11: null starts nobody": ("X11-create-unchecked", functions("$ask", null_is_nobody)),
    "X11: the child's code is another": ("X11-create-module", another_code),
    "X11: an argument is lost": (
        "X11-web",
        code("$worker", lambda _, e: (Const(I32, 0),) if e == LocalGet(0) else (e,)),
    ),
    "X11: cancelling does nothing": (
        "X11-handle",
        code("$ask", lambda m, e: (Drop(),) if called(m, e) == "cancel" else (e,)),
    ),
    "X11: who awaits does not wait": (
        "X11-handle",
        code("$ask", lambda m, e: (Drop(), Drop(), Const(I32, 0)) if called(m, e) == "await" else (e,)),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_a_broken_twin_is_caught(name: str) -> None:
    number, change = TWINS[name]
    encoding = ENCODINGS[number]
    twin = replace(encoding, translate=lambda p: translated(encoding.translate(p), change))
    assert check(twin, 60, limits=LIMITS).holds is False


def test_a_context_that_is_a_clone_is_no_instance_made_anew() -> None:
    assert check(replace(ENCODINGS["X7"], source=WAVM_CLONE), 60, limits=LIMITS).holds is False
