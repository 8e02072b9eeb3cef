"""Linking host commands: providers, types, and the errors of both."""

from __future__ import annotations

import pytest

from semantics.diagnostics import LinkError, render
from semantics.exploration import explore, link_types
from semantics.exploration.program import HostThread, Instantiate, Program, Provider
from semantics.syntax.types import I32, FuncType, GlobalType, Limits, MemType, Share
from tests.semantics.exploration.programs import SHARED, module

USER = module('(memory (import "host" "memory") 1 2 shared)')


def linked(provider: Provider | None, *fields: str) -> None:
    providers = () if provider is None else (provider,)
    commands = (Instantiate("a", module(*fields)), Instantiate("b", USER, providers))
    explore(Program("test", HostThread("main", commands)))


def test_a_provider_of_the_right_type():
    linked(Provider("a", "mem"), SHARED)
    linked(Provider("a", "mem"), '(memory (export "mem") 2 2 shared)')


@pytest.mark.parametrize("provider", [None, Provider("a", "nothing"), Provider("nobody", "mem")])
def test_an_unknown_import(provider):
    with pytest.raises(LinkError) as found:
        linked(provider, SHARED)
    assert found.value.message == 'unknown import "host" "memory"'
    assert "test.wat:1:" in render(found.value)


@pytest.mark.parametrize(
    "field",
    ['(memory (export "mem") 1 2)', '(memory (export "mem") 1 3 shared)', '(global (export "mem") i32 (i32.const 0))'],
)
def test_an_import_of_another_type(field):
    with pytest.raises(LinkError, match='incompatible import type of "host" "memory"'):
        linked(Provider("a", "mem"), field)


def test_types_alone():
    wanted = module(
        '(func (import "h" "f") (param i32)) (memory (import "h" "m") 1 2 shared) (global (import "h" "g") i32)'
    )
    function = FuncType(Share.LOCAL, (I32,), ())
    memory = MemType(Share.SHARED, Limits(1, 1))
    link_types(wanted, [function, memory, GlobalType(Share.LOCAL, False, I32)])
    with pytest.raises(LinkError, match='incompatible import type of "h" "f"'):
        link_types(wanted, [memory, memory, memory])
    with pytest.raises(LinkError, match='incompatible import type of "h" "g"'):
        link_types(wanted, [function, memory, GlobalType(Share.LOCAL, True, I32)])
    with pytest.raises(LinkError, match='unknown import "h" "g"'):
        link_types(wanted, [function, memory, None])
