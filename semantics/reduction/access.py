"""What the rules share that touch objects: addresses, lengths, bounds, alignment."""

from __future__ import annotations

from functools import lru_cache

from semantics.diagnostics import InternalError
from semantics.reduction.registry import Oracle
from semantics.runtime.actions import Field, Location, Read, Region
from semantics.runtime.configuration import Frame, Step, Trap
from semantics.runtime.profile import Profile
from semantics.syntax.instructions import MemArg
from semantics.syntax.types import GlobalType, Order, Share
from semantics.terms import Term, apply

LENGTH_BITS = 64  # a memory may have 2^32 bytes
REFERENCE_BITS = 32

OOB_MEMORY = "out of bounds memory access"
OOB_TABLE = "out of bounds table access"
UNALIGNED = "unaligned atomic"


@lru_cache(maxsize=4096)
def length_of(address: int) -> Location:
    """a.len"""
    return Location(Region(address, Field.LEN))


@lru_cache(maxsize=4096)
def value_of(address: int) -> Location:
    """a.val"""
    return Location(Region(address, Field.VAL))


@lru_cache(maxsize=65536)
def item_of(address: int, field: Field, offset: int) -> Location:
    """a.data[offset] or a.elem[offset]"""
    return Location(Region(address, field), offset)


def read_length(oracle: Oracle, address: int, order: Order = Order.UNORD) -> Read:
    """(rd_ord a.len n)"""
    location = length_of(address)
    return Read(order, location, 1, oracle.read(location, 1, LENGTH_BITS))


def read_value(oracle: Oracle, location: Location, bits: int, order: Order) -> Read:
    """(rd_ord a.val v)"""
    return Read(order, location, 1, oracle.read(location, 1, bits))


def cell(oracle: Oracle, address: int) -> Location:
    """cell(a, th) of systems.md B.0: a.val, or the running thread's own (a, th).val."""
    if has_cells(oracle.store.global_(address).type, oracle.profile):
        return Location(Region(address, Field.VAL, 1 + oracle.thread))
    return value_of(address)


def has_cells(type: GlobalType, profile: Profile) -> bool:
    """Whether every thread has a cell of its own of a global of that type."""
    return type.share is Share.TLS or (profile.cells == "mutable" and type.mutable and type.share is not Share.SHARED)


def read_bytes(oracle: Oracle, address: int, offset: int, size: int, order: Order) -> Read:
    """(rd_ord a.data[offset] b^size)"""
    location = item_of(address, Field.DATA, offset)
    return Read(order, location, size, oracle.read(location, size, 8 * size))


def read_entry(oracle: Oracle, address: int, index: int, order: Order) -> Read:
    """(rd_ord a.elem[index] v)"""
    location = item_of(address, Field.ELEM, index)
    return Read(order, location, 1, oracle.read(location, 1, REFERENCE_BITS))


def within(end: int, length: Term) -> Term:
    """end <= n, for a length n."""
    return int(end <= length) if isinstance(length, int) else apply("le_u", 1, end, length, arg_width=LENGTH_BITS)


def beyond(end: int, length: Term) -> Term:
    """end > n, for a length n."""
    return int(end > length) if isinstance(length, int) else apply("gt_u", 1, end, length, arg_width=LENGTH_BITS)


def concrete(term: Term) -> int:
    """An operand that the unfolding made concrete (operands.CONCRETE). Raises InternalError where it did not."""
    if isinstance(term, int):
        return term
    raise InternalError("an operand that says where an action goes must be concrete before rules apply")


def effective(term: Term, memarg: MemArg) -> int:
    """k + o"""
    return concrete(term) + memarg.offset


def memory_of(frame: Frame, memarg: MemArg) -> int:
    """a = f_mem"""
    return frame.instance.mems[memarg.memory]


def misaligned(address: int, size: int) -> bool:
    """Whether an access of `size` bytes is not naturally aligned."""
    return address % size != 0


def trap(reason: str) -> Step:
    """--> trap, without an event."""
    return Step(then=Trap(reason))


def trap_unless(oracle: Oracle, address: int, end: int, reason: str) -> Step | None:
    """--(rd a.len n)--> trap, if end > n: the first row of every access that is checked against a length."""
    length = read_length(oracle, address)
    condition = beyond(end, length.value)
    return None if condition == 0 else Step((), Trap(reason), (length,), (condition,))
