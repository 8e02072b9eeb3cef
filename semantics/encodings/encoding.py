"""What an encoding is: a translation of programs of one design into another, with its claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from semantics.encodings.generator import Style, random_program
from semantics.exploration.program import Program
from semantics.runtime.profile import Profile


@dataclass(frozen=True, slots=True)
class Encoding:
    """A row of systems.md B.14.

    translate: a program of `source` -> the program of `target` that says the same. Meant for the fragment; on what is
        outside it gives what the translation gives, so that a test may show why a hypothesis is there
    outside: why a program of `source` is not in the fragment; "" where it is
    style: how random programs of the fragment are written
    compare: outcomes are compared whole (registers and ends of all threads, final cells), or without what they say of
        threads other than the main one, where the translation puts another function at their root
    """

    name: str
    source: Profile
    target: Profile
    claim: str
    fragment: str
    translate: Callable[[Program], Program]
    outside: Callable[[Program], str]
    style: Style
    compare: Literal["whole", "main"] = "whole"

    def generate(self, rng: Random) -> Program:
        """A random program of the fragment."""
        return random_program(rng, self.source, self.style)
