"""Damaged binaries: a module or a diagnostic, nothing else. As a program it runs as many mutants as it is told."""

from __future__ import annotations

import random
import sys
from collections import Counter

from semantics.binary import decode_module, encode_module
from semantics.diagnostics import Source, WeftError
from semantics.syntax.modules import Module
from semantics.text import parse_module
from semantics.validation import THREADS, validate
from tests.semantics.binary.test_encoding import EVERYTHING

SMALL = """(module $small (import "env" "memory" (memory 1 2 shared)) (global $g (mut i32) (i32.const 1))
  (func $spin (export "spin") (param $at i32) (result i32) (local $n i64)
    loop $again
      local.get $at  i32.const 0  i32.const 1  i32.atomic.rmw.cmpxchg offset=4  br_if $again
    end
    local.get $at  if (result i32) i32.const 1 else global.get $g end)
  (data "abc"))"""


def seeds() -> list[bytes]:
    return [encode_module(parse_module(Source("seed.wat", text))) for text in (EVERYTHING, SMALL, "(module)")]


def mutant(rng: random.Random, data: bytes) -> bytes:
    """One to four changes: a bit flipped, a byte replaced, inserted or removed, the end cut off, a stretch repeated."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not out:
            return bytes(out)
        at = rng.randrange(len(out))
        kind = rng.randrange(6)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0xFC, 0xFE, rng.randrange(256)))
        elif kind == 2:
            out.insert(at, rng.randrange(256))
        elif kind == 3:
            del out[at]
        elif kind == 4:
            del out[at:]
        else:
            out[at:at] = out[at : at + rng.randint(1, 8)]
    return bytes(out)


def verdict(data: bytes) -> str:
    """What becomes of the bytes; everything but a module or a WeftError escapes as it is."""
    try:
        module = decode_module(data, "mutant.wasm")
    except WeftError as error:
        return error.family
    assert isinstance(module, Module)
    try:
        validate(module, THREADS)
    except WeftError as error:
        return error.family
    return "valid"


def run(count: int, seed: int) -> Counter[str]:
    """The verdicts on `count` mutants."""
    rng = random.Random(seed)
    originals = seeds()
    return Counter(verdict(mutant(rng, rng.choice(originals))) for _ in range(count))


def test_mutants_give_a_module_or_a_diagnostic() -> None:
    found = run(1500, 1)
    assert set(found) <= {"valid", "malformed", "invalid", "unsupported"}
    assert found["valid"] and found["malformed"] and found["invalid"]


def test_every_truncation_is_malformed_or_a_shorter_module() -> None:
    for data in seeds():
        for end in range(8, len(data)):
            assert verdict(data[:end]) in ("malformed", "valid", "invalid")


if __name__ == "__main__":
    print(run(int(sys.argv[1]), 2))
