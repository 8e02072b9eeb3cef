"""The binary format on the official suites: malformed binaries, and text -> binary -> text -> binary of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from litmus.language import script as ast
from litmus.language.script import parse_script
from semantics.binary import decode_module, encode_module
from semantics.diagnostics import Invalid, Malformed, Source, TextError, Unsupported, load_source
from semantics.syntax.modules import Module
from semantics.text import parse_module
from semantics.text.printer import print_module
from tests.conformance import MISSING, SUITES

CORE = SUITES / "threads-proposal" / "core"
FILES = sorted(SUITES.rglob("*.wast")) if CORE.is_dir() else []

pytestmark = pytest.mark.skipif(not CORE.is_dir(), reason=MISSING)


def commands(path: Path) -> Iterator[ast.Command]:
    try:
        yield from _flat(parse_script(load_source(path)).commands)
    except (TextError, Malformed, Unsupported):
        return  # of a later proposal: its own tests say so


def _flat(found: Iterable[ast.Command]) -> Iterator[ast.Command]:
    for command in found:
        yield command
        if isinstance(command, ast.Thread):
            yield from _flat(command.commands)


def test_malformed_binaries_are_refused_with_the_suite_s_messages() -> None:
    refused = 0
    for path in FILES:
        for command in commands(path):
            if isinstance(command, ast.AssertMalformed) and isinstance(command.module.content, ast.Binary):
                with pytest.raises(Malformed) as raised:
                    decode_module(command.module.content.content, "x")
                assert raised.value.message.startswith(command.message), command.span
                refused += 1
    assert refused >= 100


def _module(command: ast.Command) -> Module | None:
    if isinstance(command, ast.AssertInvalid | ast.AssertUnlinkable):
        command = command.module
    if not isinstance(command, ast.Define):
        return None
    if isinstance(command.content, ast.Binary):
        try:
            return decode_module(command.content.content, "x")
        except Invalid:  # a type index without a type
            return None
    return command.content if isinstance(command.content, Module) else None


def test_text_to_binary_and_back_is_stable() -> None:
    stable = 0
    for path in FILES:
        for command in commands(path):
            module = _module(command)
            if module is None:
                continue
            try:
                binary = encode_module(module)
                again = decode_module(binary, "x")
                read = parse_module(Source("x", print_module(again)))
            except Unsupported:
                continue  # what has no binary form, or no text that is read
            assert again == module, command.span
            assert again.binding == module.binding
            assert read == module, command.span
            assert encode_module(read) == binary or module.customs, command.span
            stable += 1
    assert stable >= 1000
