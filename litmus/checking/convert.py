"""Text to binary and back, by the suffixes of the files."""

from __future__ import annotations

from pathlib import Path

from litmus.language.modules import MODULES, load_module
from semantics.diagnostics import TextError
from semantics.syntax.modules import Module


def convert(source: Path, target: Path) -> str:
    """Writes the module of `source` to `target`; says what it did.

    Raises what is wrong with the module, and what `write_module` raises.
    """
    check_target(target)
    module = load_module(source)
    size = write_module(module, target)
    lost = target.suffix == ".wat" and module.customs
    note = f"; without its custom sections ({', '.join(c.name or '(no name)' for c in module.customs)})" if lost else ""
    return f"{target}: {size} bytes{note}"


def check_target(target: Path) -> None:
    """Raises TextError for a suffix that names no format."""
    if target.suffix not in MODULES:
        raise TextError(f"{target} names no format of modules", expected=tuple(f"a {s} file" for s in MODULES))


def write_module(module: Module, target: Path) -> int:
    """Writes a module in the format of the file's suffix; how many bytes it has.

    Raises Unsupported where the module has no binary form, and TextError for a suffix that names no format or a file
    that cannot be written.
    """
    check_target(target)
    if target.suffix == ".wasm":
        from semantics.binary import encode_module

        content = encode_module(module)
    else:
        from semantics.text.printer import print_module

        content = (print_module(module) + "\n").encode()
    try:
        target.write_bytes(content)
    except OSError as error:
        raise TextError(f"cannot write {target}: {error.strerror or error}") from error
    return len(content)
