"""The design of the paper: fork and instantiate, per-definition sharing (systems.md B.5, P5 and P5')."""

from dataclasses import replace

from semantics.runtime.discipline import PAPER
from semantics.runtime.profile import DEFAULT, Profile

FORK = replace(
    DEFAULT, typing=replace(PAPER, name="fork"), model="wasm-threads[+alloc-first,+grow-first,+no-oota-refs]"
)
"""The repaired fork design: the default. Its memory model has the proposal's wait queues, lets only what initialises an
object be ordered before its uses, and conjures no references (DEC 4, 5, 6, 15, 23)."""

FORK_PAPER = Profile(
    "fork-paper",
    "fork and instantiate to the letter of the paper",
    typing=replace(PAPER, name="fork-paper"),
    model="wasm",
    unaligned_atomics="allow",
    failing_cmpxchg="rmw",
    null_call="stuck",
    link_mismatch="stuck",
    checked_notify=False,
    import_size="minimum",
    start=False,
)
"""The letter of the paper."""

FORK_GROWING = replace(FORK, name="fork-growing", growth="granted")
"""The repaired fork design on a host that grants every growth within the maximum: what sequential scripts assume."""
