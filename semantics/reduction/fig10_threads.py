"""Fig. 10: local reduction, thread synchronisation and creation (`instantiate` is in Fig. 22).

Operands stand in deployed order: address, expected, timeout; address, count (T4).
"""

from __future__ import annotations

from semantics.reduction.access import (
    OOB_MEMORY,
    UNALIGNED,
    effective,
    item_of,
    memory_of,
    misaligned,
    read_bytes,
    read_length,
    trap,
    trap_unless,
    within,
)
from semantics.reduction.fig08_memory import notears
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Field
from semantics.runtime.configuration import ForkPrime, Frame, NotifyPrime, Step, Value, WaitPrime
from semantics.syntax.instructions import Fork, Notify, Wait
from semantics.syntax.types import I32, Order, Share
from semantics.terms import apply

NOTIFY_SIZE = 4


@local_rule("wait-unaligned", fig=10, row=1, page=12, instr=Wait)
def wait_unaligned(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (i64.const q) t.wait  -->  trap

    if k mod |t| != 0
    """
    return trap(UNALIGNED) if misaligned(effective(operands[0].term, instr.memarg), instr.type.bytes) else None


@local_rule("wait-mismatch", fig=10, instr=Wait)
def wait_mismatch(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (i64.const q) t.wait  -->  trap

    if a = f_mem and type(s(a)) is not shared [not printed: the paper refuses it statically; S8]
    """
    if misaligned(effective(operands[0].term, instr.memarg), instr.type.bytes) or _shared(frame, instr, oracle):
        return None
    return trap("expected shared memory")


@local_rule("wait-fail", fig=10, instr=Wait)
def wait_fail(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (i64.const q) t.wait  -->  trap

    if the thread is the main one and must not block [not printed; B.1; profile block]
    """
    aligned = not misaligned(effective(operands[0].term, instr.memarg), instr.type.bytes)
    return (
        trap("the main thread must not wait") if aligned and _shared(frame, instr, oracle) and _main(oracle) else None
    )


@local_rule("wait-oob", fig=10, row=2, page=12, instr=Wait)
def wait_oob(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (i64.const q) t.wait  -->(rd a.len n)  trap

    if a = f_mem and k + |t| > n
    """
    at = effective(operands[0].term, instr.memarg)
    if misaligned(at, instr.type.bytes) or not _shared(frame, instr, oracle) or _main(oracle):
        return None
    return trap_unless(oracle, memory_of(frame, instr.memarg), at + instr.type.bytes, OOB_MEMORY)


@local_rule("wait-equal", fig=10, row=3, page=12, instr=Wait)
def wait_equal(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (i64.const q) t.wait

    -->(rd a.len n) (rd_seqcst a.data[k] b*)  wait' a.data[k] q
    if a = f_mem and k + |t| <= n and b* = bits(c)
    """
    return _compared(frame, operands, instr, oracle, equal=True)


@local_rule("wait-unequal", fig=10, row=4, page=12, instr=Wait)
def wait_unequal(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (i64.const q) t.wait

    -->(rd a.len n) (rd_seqcst a.data[k] b*)  i32.const 1
    if a = f_mem and k + |t| <= n and b* != bits(c)
    """
    return _compared(frame, operands, instr, oracle, equal=False)


@local_rule("notify-unaligned", fig=10, instr=Notify)
def notify_unaligned(frame: Frame, operands: tuple[Value, ...], instr: Notify, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (i32.const m) notify  -->  trap

    if k mod 4 != 0 [not printed; S9; profile checked_notify]
    """
    at = effective(operands[0].term, instr.memarg)
    return trap(UNALIGNED) if oracle.profile.checked_notify and misaligned(at, NOTIFY_SIZE) else None


@local_rule("notify-oob", fig=10, instr=Notify)
def notify_oob(frame: Frame, operands: tuple[Value, ...], instr: Notify, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (i32.const m) notify  -->(rd a.len n)  trap

    if a = f_mem and k + 4 > n [not printed; S9; profile checked_notify]
    """
    at = effective(operands[0].term, instr.memarg)
    if not oracle.profile.checked_notify or misaligned(at, NOTIFY_SIZE):
        return None
    return trap_unless(oracle, memory_of(frame, instr.memarg), at + NOTIFY_SIZE, OOB_MEMORY)


@local_rule("notify-ok", fig=10, row=5, page=12, instr=Notify)
def notify_ok(frame: Frame, operands: tuple[Value, ...], instr: Notify, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (i32.const m) notify  -->(rd a.len n)  notify' a.data[k] 0 m

    if a = f_mem and k + 4 <= n [printed without the length read, and with n <= m for an unbound n: D8]
    A memory that is not shared has no waiters: i32.const 0 (S8).
    """
    at, address = effective(operands[0].term, instr.memarg), memory_of(frame, instr.memarg)
    # a location that does not exist is still a queue in the unchecked reading
    then = NotifyPrime(item_of(address, Field.DATA, at), 0, operands[1].term)
    if not oracle.profile.checked_notify:
        return Step((), then)
    if misaligned(at, NOTIFY_SIZE):
        return None
    length = read_length(oracle, address)
    inside = within(at + NOTIFY_SIZE, length.value)
    if not _shared(frame, instr, oracle):
        return Step((Value(I32, 0),), None, (length,), (inside,))
    return Step((), then, (length,), (inside,))


@local_rule("fork-ok", fig=10, row=6, page=12, instr=Fork)
def fork_ok(frame: Frame, operands: tuple[Value, ...], instr: Fork, oracle: Oracle) -> Step:
    """s; f; v^n (fork i)  -->  fork' (v^n (call' a))

    if a = f_func(i) and type(s(a)) = shared t^n -> eps
    """
    return Step((), ForkPrime(frame.instance.funcs[instr.func], operands))


def _main(oracle: Oracle) -> bool:
    """Whether the thread is one that must not block."""
    return oracle.profile.block == "not-main" and oracle.thread == 0


def _compared(frame: Frame, operands: tuple[Value, ...], instr: Wait, oracle: Oracle, *, equal: bool) -> Step | None:
    """Rows 3 and 4: the value that is there is, or is not, the expected one."""
    address, at, size = memory_of(frame, instr.memarg), effective(operands[0].term, instr.memarg), instr.type.bytes
    if misaligned(at, size) or not _shared(frame, instr, oracle) or _main(oracle):
        return None
    length = read_length(oracle, address)
    inside = within(at + size, length.value)
    if inside == 0:
        return None
    data = read_bytes(oracle, address, at, size, Order.SEQCST)
    compared = apply("eq" if equal else "ne", 1, data.value, operands[1].term, arg_width=8 * size)
    flag = notears(instr.type, size, at)
    if equal:
        return Step((), WaitPrime(data.location, operands[2].term), (length, data), (inside, compared), None, flag)
    return Step((Value(I32, 1),), None, (length, data), (inside, compared), None, flag)


def _shared(frame: Frame, instr: Wait | Notify, oracle: Oracle) -> bool:
    return oracle.store.memory(memory_of(frame, instr.memarg)).type.share is Share.SHARED
