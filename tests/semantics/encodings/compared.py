"""Programs of the encodings' source designs, and what their translations can do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from litmus.checking.encodings import Compared, compare
from litmus.checking.limits import Limits
from semantics.axioms import load_model
from semantics.axioms.model import Model
from semantics.diagnostics import Source
from semantics.encodings import Encoding
from semantics.encodings.generator import MEMORY, closed
from semantics.exploration.program import Cell, Instantiate, Program, Provider
from semantics.text import parse_module

OBSERVED = (Cell("x", "env", "mem", 0), Cell("y", "env", "mem", 4))
AWAIT = "(loop $l (br_if $l (i32.eqz (i32.atomic.load (i32.const 4)))))"
LIMITS = Limits(None, 60)


@cache
def model(name: str) -> Model:
    """A memory model that ships."""
    return load_model(name)


def program(encoding: Encoding, *fields: str) -> Program:
    """A module of the source design that imports the memory, and whose export "main" the host calls."""
    text = f'(module (import "env" "mem" {MEMORY}) {" ".join(fields)})'
    return closed(text, encoding.source, OBSERVED)


def linked(encoding: Encoding, n: str, *fields: str) -> Program:
    """As `program`, with an instance N of the module `n`, from which the other may import."""
    made = program(encoding, *fields)
    env, m, call = made.main.commands
    assert isinstance(m, Instantiate)
    pairs = zip(m.module.imports, m.providers, strict=True)
    m = replace(m, providers=tuple(Provider("N", i.name) if i.module == "N" else p for i, p in pairs))
    commands = (env, Instantiate("N", parse_module(Source("n.wat", n))), m, call)
    return replace(made, main=replace(made.main, commands=commands))


def compared(encoding: Encoding, *fields: str) -> Compared:
    """Both sides; what is asked must be decided."""
    return decided(encoding, program(encoding, *fields))


def decided(encoding: Encoding, made: Program) -> Compared:
    """Both sides; what is asked must be decided."""
    found = compare(encoding, made, model(encoding.source.model), LIMITS)
    assert not found.gaps, found.gaps
    return found
