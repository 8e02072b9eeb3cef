"""Random pairs: the merged module is valid, and does what the linked pair does; broken merges are caught."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from semantics.diagnostics import Invalid, Source
from semantics.merging import ImportRef, merge
from semantics.merging.constants import Constants
from semantics.merging.fields import Space
from semantics.merging.linked import Linked
from semantics.merging.renumbering import Renumbering
from semantics.syntax.modules import Module
from semantics.text import parse_module
from semantics.text.printer import print_module
from semantics.validation import PAPER, validate
from tests.semantics.merging.pairs import generate, linked, merged_world, rho, trace


def agree(seed: int) -> bool:
    """Whether a pair, merged, is valid and gives the same trace."""
    importer, provider = generate(seed)
    merged = merge((importer, provider), rho(importer))
    validate(merged.module, PAPER)
    assert parse_module(Source("merged.wat", print_module(merged.module))) == merged.module
    expected = trace(linked(importer, provider), seed)
    return trace(merged_world(merged), seed) == expected


@pytest.mark.parametrize("seed", range(0, 240, 40))
def test_merged_is_linked(seed: int) -> None:
    wrong = [s for s in range(seed, seed + 40) if not agree(s)]
    assert not wrong


def caught(seeds: range = range(40)) -> bool:
    """Whether some pair shows that merging is broken."""
    for seed in seeds:
        try:
            if not agree(seed):
                return True
        except Invalid:
            return True
    return False


def test_the_comparison_can_pass() -> None:
    assert not caught()


@pytest.mark.parametrize("forgotten", Space, ids=lambda s: s.value)
def test_a_forgotten_space_is_caught(forgotten: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin that leaves the indices of one space as they are."""
    right = Renumbering.index
    monkeypatch.setattr(Renumbering, "index", lambda r, space, i: i if space is forgotten else right(r, space, i))
    assert caught()


def test_initialisers_that_are_left_alone_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin whose constant expressions read what has become a defined global."""
    monkeypatch.setattr(Constants, "code", lambda c, side, code: c.linked.renumbering[side].code(code))
    assert caught()


def test_the_importer_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin that starts the first module first, although it imports from the second."""

    class Twin(Linked):
        def __init__(self, modules: tuple[Module, Module], links: Mapping[ImportRef, str], *, fuse: bool) -> None:
            super().__init__(modules, links, fuse=fuse)
            self.order = (0, 1)
            self.renumbering = self._renumbering()

    monkeypatch.setattr("semantics.merging.merger.Linked", Twin)
    assert caught()
