"""The binary format of WebAssembly 2.0 and the threads proposal <-> syntax.

`decode_module` says what is wrong with bytes in the words of the specification's tests; `encode_module` writes the
shortest encodings. The paper's own constructs (shared functions, globals and tables, `fork`, `instantiate`, seqcst
globals and tables) have no encoding.
"""

from __future__ import annotations

from semantics.binary.decoding import decode_module
from semantics.binary.encoding import encode_module

__all__ = ["decode_module", "encode_module"]
