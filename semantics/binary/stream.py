"""Reading bytes: LEB128 integers, lengths, names. Every complaint names the offset of the byte that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from semantics.diagnostics import Malformed, Source, Span

T = TypeVar("T")


class Stream:
    """The bytes of a module and a position in them.

    Sections do not bound it, as in the reference interpreter: what reads past the end of its section is found out by
    the section's size.
    """

    __slots__ = ("data", "end", "position", "source")

    def __init__(self, data: bytes, source: Source) -> None:
        self.data = data
        self.end = len(data)
        self.position = 0
        self.source = source

    def span(self, begin: int) -> Span:
        """The bytes from `begin` to here."""
        return Span(self.source, 1, begin + 1, 1, self.position + 1)

    def malformed(self, message: str, offset: int) -> Malformed:
        """The error that the byte at `offset` is wrong."""
        return Malformed(message, Span(self.source, 1, offset + 1, 1, offset + 2))

    def peek(self) -> int | None:
        """The next byte, None at the end."""
        return self.data[self.position] if self.position < self.end else None

    def byte(self) -> int:
        """Takes a byte."""
        at = self.position
        if at >= self.end:
            raise self.malformed("unexpected end of section or function", at)
        self.position = at + 1
        return self.data[at]

    def bytes(self, count: int) -> bytes:
        """Takes `count` bytes."""
        at = self.position
        if count < 0 or at + count > self.end:
            raise self.malformed("unexpected end of section or function", at)
        self.position = at + count
        return self.data[at : at + count]

    def expect(self, value: int, message: str) -> None:
        """Takes a byte that must be `value`."""
        if self.byte() != value:
            raise self.malformed(message, self.position - 1)

    def unsigned(self, bits: int = 32) -> int:
        """Takes uN: an unsigned LEB128 integer of at most `bits` bits."""
        value = shift = 0
        while True:
            if bits <= shift:
                raise self.malformed("integer representation too long", self.position)
            byte = self.byte()
            low = byte & 0x7F
            if bits - shift < 7 and low >> (bits - shift):
                raise self.malformed("integer too large", self.position - 1)
            value |= low << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self, bits: int) -> int:
        """Takes sN: a signed LEB128 integer of at most `bits` bits."""
        value = shift = 0
        while True:
            if bits <= shift:
                raise self.malformed("integer representation too long", self.position)
            byte = self.byte()
            low = byte & 0x7F
            if bits - shift < 7:
                mask = (-1 << (bits - shift - 1)) & 0x7F
                if low & mask not in (0, mask):
                    raise self.malformed("integer too large", self.position - 1)
            value |= low << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def length(self) -> int:
        """Takes the length of what follows, at least one byte each."""
        at = self.position
        count = self.unsigned()
        if count > self.end - at:
            raise self.malformed("length out of bounds", at)
        return count

    def vector(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Takes vec(B)."""
        return tuple(read() for _ in range(self.length()))

    def name(self) -> str:
        """Takes a name: a vector of bytes that is UTF-8."""
        at = self.position
        raw = self.bytes(self.length())
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self.malformed("malformed UTF-8 encoding", at) from None
