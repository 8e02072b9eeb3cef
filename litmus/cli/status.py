"""Exit statuses. Where several apply: the input's fault, then a failed expectation, then an undecided one."""

from __future__ import annotations

OK = 0
FAILED = 1
BAD_INPUT = 2
UNDECIDED = 3
INTERNAL = 70
INTERRUPTED = 130
