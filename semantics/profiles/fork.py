"""The design of the paper: fork and instantiate, per-definition sharing; repaired, and to the letter."""

from dataclasses import replace

from semantics.runtime.profile import DEFAULT, Profile

FORK = DEFAULT
"""The repaired fork design: the default."""

FORK_PAPER = Profile(
    "fork-paper",
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
