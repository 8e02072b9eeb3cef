"""Damage to bytes and to text, by a seeded random generator."""

from __future__ import annotations

import re
from random import Random

TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|;;[^\n]*|\(;|;\)|[()]|[^\s()";]+|\s+|.', re.DOTALL)
NUMBER = re.compile(r"[+-]?(?:0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
EXTREMES = (
    "0", "1", "-1", "2", "3", "0x7fffffff", "0x80000000", "-0x80000000", "0xffffffff", "0x100000000", "65535", "65536",
    "65537", "0x7fffffffffffffff", "0x8000000000000000", "0xffffffffffffffff", "18446744073709551616", "1e999",
    "0x1p-9", "nan:0x1", "inf", "-nan", "1_0", "0x", "9" * 400,
)  # fmt: skip
CHARACTERS = "()\"';\\$=|{}:.,~/*@#-+ \n\t\0\x7fé\u2028x0"
BYTES = (0x00, 0x01, 0x0B, 0x40, 0x7F, 0x80, 0xFF, 0xFC, 0xFD, 0xFE)
CHANGES = (1, 1, 1, 1, 2, 3, 4)


def mutate_bytes(rng: Random, data: bytes, other: bytes) -> bytes:
    """One to four changes: bits flipped, bytes replaced, inserted, removed or repeated, the end cut off, a stretch of
    `other` spliced in, a length made huge."""
    out = bytearray(data)
    for _ in range(rng.choice(CHANGES)):
        if not out:
            break
        at = rng.randrange(len(out))
        match rng.randrange(12):
            case 0 | 1 | 9:
                out[at] ^= 1 << rng.randrange(8)
            case 2 | 10 | 11:
                out[at] = rng.choice((*BYTES, rng.randrange(256)))
            case 3:
                out.insert(at, rng.randrange(256))
            case 4:
                del out[at : at + rng.randint(1, 3)]
            case 5:
                del out[at:]
            case 6:
                out[at:at] = out[at : at + rng.randint(1, 8)]
            case 7:
                begin = rng.randrange(len(other) or 1)
                out[at : at + rng.randint(0, 20)] = other[begin : begin + rng.randint(1, 40)]
            case _:
                out[at : at + 1] = rng.choice((b"\xff\xff\xff\xff\x0f", b"\x80\x80\x04", b"\xff" * 12, b"\x80\x00"))
    return bytes(out)


def mutate_text(rng: Random, text: str, other: str) -> str:
    """One to four changes: tokens deleted, repeated, swapped or replaced, numbers made extreme, characters changed,
    parentheses dropped, the end cut off, tokens of `other` spliced in."""
    tokens = TOKEN.findall(text)
    for _ in range(rng.choice(CHANGES)):
        if not tokens:
            break
        at = rng.randrange(len(tokens))
        match rng.randrange(14):
            case 0:
                del tokens[at : at + rng.randint(1, 3)]
            case 1:
                tokens.insert(at, tokens[at])
            case 2:
                to = rng.randrange(len(tokens))
                tokens[at], tokens[to] = tokens[to], tokens[at]
            case 3 | 10 | 11:  # by one of its kind, so that many mutants are still text
                kind = _kind(tokens[at])
                tokens[at] = rng.choice([token for token in tokens if _kind(token) == kind])
            case 4 | 12 | 13:
                numbers = [i for i, token in enumerate(tokens) if NUMBER.search(token)]
                if numbers:
                    at = rng.choice(numbers)
                    extreme = rng.choice(EXTREMES)
                    tokens[at] = NUMBER.sub(lambda _, extreme=extreme: extreme, tokens[at], count=1)
            case 5:
                word = tokens[at]
                place = rng.randrange(len(word) or 1)
                tokens[at] = word[:place] + rng.choice(CHARACTERS) + word[place + rng.randint(0, 1) :]
            case 6:
                marks = [i for i, token in enumerate(tokens) if token in "()"]
                if marks:
                    del tokens[rng.choice(marks)]
            case 7:
                if rng.random() < 0.3:
                    del tokens[at:]
            case 8:
                spliced = TOKEN.findall(other)
                begin = rng.randrange(len(spliced) or 1)
                tokens[at:at] = spliced[begin : begin + rng.randint(1, 12)]
            case _:
                tokens[at:at] = tokens[at : at + rng.randint(1, 30)]
    return "".join(tokens)


def _kind(token: str) -> str:
    if NUMBER.fullmatch(token):
        return "0"
    return token[0] if token[0] in '$"();' or token[0].isspace() else "a"
