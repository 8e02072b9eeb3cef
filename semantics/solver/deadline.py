"""The time that a problem may take, over all its questions."""

from __future__ import annotations

from time import perf_counter

TIME_LIMIT = "time limit reached"
"""Why an answer is missing where the time is over."""


class Deadline:
    """The end of a problem's time, `seconds` of wall time from now; None: there is none."""

    def __init__(self, seconds: float | None = None) -> None:
        """The time begins."""
        self.end = None if seconds is None else perf_counter() + seconds

    def left(self) -> float | None:
        """The seconds that are left, 0 where the time is over; None where there is no limit."""
        return None if self.end is None else max(0.0, self.end - perf_counter())

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self.end is not None and perf_counter() >= self.end

    def check(self) -> None:
        """Raises TimeoutError where no time is left."""
        if self.over:
            raise TimeoutError
