"""Running weft in process, in a directory of its own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from litmus.cli import main

SB = """\
WASM SB
{ i32 x; i32 y; }
 P                    | Q                    ;
 i32.store x 1        | i32.store y 1        ;
 r0 = i32.load y      | r0 = i32.load x      ;
exists (0:r0=0 /\\ 1:r0=0)
"""


class Ran(NamedTuple):
    """What a run of weft gave."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


@pytest.fixture
def weft(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Runs weft; files are given by name (with __ for a dot) and content."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **files: str | bytes) -> Ran:
        for name, content in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        status = main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Ran(status, captured.out, captured.err)

    return run
