"""Colour for terminals: verdict words of a finished report, painted by rich. Imported only when the output is a tty."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.theme import Theme


class _Verdicts(RegexHighlighter):
    base_style = "weft."
    highlights: ClassVar[list[str]] = [
        r"\b(?P<good>ok|passed|complete|exact)\b",
        r"(?P<bad>\b(UNEXPECTED|FAILED|error|too weak|too strong|syntax error|invalid|malformed|incomplete)\b)",
        r"\b(?P<open>undecided|Interrupted)\b",
    ]


def show(text: str) -> None:
    """Prints a report to the terminal on standard output with its verdict words in colour."""
    theme = Theme({"weft.good": "green", "weft.bad": "bold red", "weft.open": "yellow"})
    Console(theme=theme, highlighter=_Verdicts(), markup=False, emoji=False, soft_wrap=True).print(text, end="")
