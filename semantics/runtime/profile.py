"""The machine's parameters: which reading of the semantics the rules follow, one switch for each decision.

The records themselves, one a design, stand in `semantics.profiles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Profile:
    """Switches of the reduction rules; the defaults are the repaired reading of the paper.

    unaligned_atomics: an atomic access that is not naturally aligned traps, or is allowed (D14, DEC 24)
    failing_cmpxchg: a failing cmpxchg only reads (S9), or writes back what it read
    null_call: call_indirect of a null entry traps, or is stuck (D9, DEC 3)
    link_mismatch: instantiate with an operand that is null or of a wrong type traps, or is stuck (D9, DEC 3)
    checked_notify: notify checks bounds and alignment (S9), or has no check and no action (D8)
    bulk: bulk operations check once, or re-read the size before every byte (S10, DEC 19)
    import_size: imports are matched against the current size, or the declared minimum (D15, DEC 25)
    start: whether `instantiate` runs active segments and start functions (D3, DEC 2)
    growth: growth within the maximum may fail (as the standard allows), or is always granted
    """

    name: str
    unaligned_atomics: Literal["trap", "allow"] = "trap"
    failing_cmpxchg: Literal["read", "rmw"] = "read"
    null_call: Literal["trap", "stuck"] = "trap"
    link_mismatch: Literal["trap", "stuck"] = "trap"
    checked_notify: bool = True
    bulk: Literal["check-once", "recheck"] = "check-once"
    import_size: Literal["current", "minimum"] = "current"
    start: bool = True
    growth: Literal["may-fail", "granted"] = "may-fail"


DEFAULT = Profile("fork")
"""The repaired reading; `semantics.profiles` names it FORK."""
