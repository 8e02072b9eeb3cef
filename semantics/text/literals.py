"""Literals of the text format: integers, floats and strings. None stands for one out of range or ill-formed."""

from __future__ import annotations

import re

from semantics.terms.floats import FORMATS, Format, nearest_bits

_INTEGER = re.compile(r"([+-]?)(?:0x([0-9a-fA-F](?:_?[0-9a-fA-F])*)|([0-9](?:_?[0-9])*))")
_DIGITS, _HEXDIGITS = r"[0-9](?:_?[0-9])*", r"[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_FLOAT = re.compile(
    rf"([+-]?)(?:0x({_HEXDIGITS})(?:\.((?:{_HEXDIGITS})?))?(?:[pP]([+-]?{_DIGITS}))?"
    rf"|({_DIGITS})(?:\.((?:{_DIGITS})?))?(?:[eE]([+-]?{_DIGITS}))?"
    rf"|(inf)|nan(?::0x({_HEXDIGITS}))?)"
)
_EXACT = 800
"""So many leading digits of a decimal decide its rounding, with one more for whether anything follows: a midpoint of
two neighbouring floats has fewer than 770."""
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


def is_float(word: str) -> bool:
    """Whether `word` has the shape of a float literal; integers do."""
    return _FLOAT.fullmatch(word) is not None


def read_float(word: str, bits: int) -> int | None:
    """The bit pattern of the `bits`-bit float nearest to a literal; None where that is infinite, or no payload."""
    match = _FLOAT.fullmatch(word)
    if match is None:
        return None
    form = FORMATS[bits]
    sign, hex_whole, hex_part, hex_power, whole, part, power, infinite, payload = match.groups()
    magnitude: int | None
    if infinite:
        magnitude = form.infinity
    elif hex_whole:
        magnitude = _scaled(_plain(hex_whole), _plain(hex_part), _plain(hex_power), 16, form)
    elif whole:
        magnitude = _scaled(_plain(whole), _plain(part), _plain(power), 10, form)
    elif payload:
        content = int(_plain(payload), 16)
        magnitude = form.infinity + content if 0 < content < 2 * form.quiet else None
    else:
        magnitude = form.canonical
    if magnitude is None:
        return None
    return magnitude | form.sign if sign == "-" else magnitude


def _plain(digits: str | None) -> str:
    return (digits or "").replace("_", "")


def _scaled(whole: str, part: str, power: str, base: int, form: Format) -> int | None:
    """whole.part in that base, times 10 (2 for hexadecimal) to the given power, rounded once; None if it is too large.

    Exponents far outside every format are decided by size, so that no literal costs more than its length.
    """
    digits = (whole + part).lstrip("0")
    if not digits:
        return 0
    sign, magnitude = (-1 if power[:1] == "-" else 1), power.lstrip("+-0")
    exponent = sign * (int(magnitude or "0") if len(magnitude) <= 12 else 10**12)
    step = 4 if base == 16 else 1
    exponent -= step * len(part)
    if base == 10 and len(digits) > _EXACT:
        exponent += len(digits) - _EXACT - 1
        digits = digits[:_EXACT] + ("1" if digits[_EXACT:].strip("0") else "0")
    if step * len(digits) + exponent > 1100:
        return None
    if step * len(digits) + exponent < -1100:
        return 0
    numerator, scale = int(digits, base), (2 if base == 16 else 10)
    bits = nearest_bits(numerator * scale ** max(exponent, 0), scale ** max(-exponent, 0), form)
    return None if bits == form.infinity else bits


def is_token(word: str) -> bool:
    """Whether `word` is a token of the standard: a name, a number, a string, or what may be a keyword."""
    return word[0] in '$"' or word[0].islower() or _FLOAT.fullmatch(word) is not None


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
