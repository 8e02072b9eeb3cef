"""Literals of the text format: integers and strings. None stands for a literal that is out of range or ill-formed."""

from __future__ import annotations

import re

_INTEGER = re.compile(r"([+-]?)(?:0x([0-9a-fA-F](?:_?[0-9a-fA-F])*)|([0-9](?:_?[0-9])*))")
_ESCAPE = re.compile(r"\\(?:([tnr\"'\\])|([0-9a-fA-F]{2})|u\{([0-9a-fA-F_]+)\})")
_CHARACTERS = {"t": b"\t", "n": b"\n", "r": b"\r", '"': b'"', "'": b"'", "\\": b"\\"}


def is_integer(word: str) -> bool:
    """Whether `word` has the shape of an integer literal."""
    return _INTEGER.fullmatch(word) is not None


def read_integer(word: str, bits: int) -> int | None:
    """The `bits`-bit pattern of an integer literal, signed or unsigned: -2^(bits-1) .. 2^bits - 1."""
    match = _INTEGER.fullmatch(word)
    if match is None:
        return None
    sign, hexadecimal, decimal = match.groups()
    digits = (hexadecimal or decimal).replace("_", "")
    magnitude = int(digits, 16) if hexadecimal else _decimal(digits)
    if magnitude > (1 << (bits - 1) if sign == "-" else (1 << bits) - 1):
        return None
    return (-magnitude if sign == "-" else magnitude) & ((1 << bits) - 1)


def _decimal(digits: str) -> int:
    # more digits than any 64-bit number has; int() refuses thousands of digits with an exception of its own
    return 1 << 64 if len(digits.lstrip("0")) > 20 else int(digits)


def read_index(word: str) -> int | None:
    """An unsigned 32-bit literal without a sign."""
    return None if word[0] in "+-" else read_integer(word, 32)


def read_string(literal: str) -> bytes | None:
    """The bytes of a string literal (given with its quotes); None for an escaped surrogate or too large code point."""
    body = literal[1:-1]
    if "\\" not in body:
        return body.encode("utf-8")
    parts: list[bytes] = []
    place = 0
    for match in _ESCAPE.finditer(body):
        parts.append(body[place : match.start()].encode("utf-8"))
        place = match.end()
        character, byte, scalar = match.groups()
        if character:
            parts.append(_CHARACTERS[character])
        elif byte:
            parts.append(bytes([int(byte, 16)]))
        else:
            point = int(scalar.replace("_", ""), 16)
            if point >= 0x110000 or 0xD800 <= point < 0xE000:
                return None
            parts.append(chr(point).encode("utf-8"))
    parts.append(body[place:].encode("utf-8"))
    return b"".join(parts)
