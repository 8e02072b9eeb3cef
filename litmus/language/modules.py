"""Modules in files: `.wat` is text, `.wasm` is binary."""

from __future__ import annotations

from pathlib import Path

from semantics.diagnostics import TextError, load_source
from semantics.syntax.modules import Module

MODULES = (".wat", ".wasm")
"""File names that hold a module end so."""


def load_module(path: Path) -> Module:
    """The module of a file, not validated.

    Raises TextError for a file that cannot be read or has another suffix, and what the readers of both formats raise.
    """
    if path.suffix == ".wasm":
        from semantics.binary import decode_module

        try:
            data = path.read_bytes()
        except OSError as error:
            raise TextError(f"cannot read {path}: {error.strerror or error}") from error
        return decode_module(data, str(path))
    if path.suffix == ".wat":
        from semantics.text import parse_module

        return parse_module(load_source(path))
    raise TextError(f"{path} is no module", expected=tuple(f"a {known} file" for known in MODULES))


def load_valid_module(path: Path) -> Module:
    """The module of a file, validated: a binary by the threads proposal, text by the paper's wider rules.

    Raises what `load_module` raises, and Invalid.
    """
    from semantics.validation import PAPER, THREADS, validate

    module = load_module(path)
    validate(module, THREADS if path.suffix == ".wasm" else PAPER)
    return module
