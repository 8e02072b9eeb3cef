"""Writing bytes: the shortest LEB128 integers, vectors, names and sized parts."""

from __future__ import annotations

from collections.abc import Collection


def unsigned(value: int) -> bytes:
    """uN: unsigned LEB128."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """sN: signed LEB128."""
    out = bytearray()
    while True:
        low = value & 0x7F
        value >>= 7
        if value == (-1 if low & 0x40 else 0):
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def vector(items: Collection[bytes]) -> bytes:
    """vec(B)"""
    return unsigned(len(items)) + b"".join(items)


def sized(content: bytes) -> bytes:
    """The content behind its length."""
    return unsigned(len(content)) + content


def name(text: str) -> bytes:
    """A name: UTF-8 behind its length."""
    return sized(text.encode("utf-8"))
