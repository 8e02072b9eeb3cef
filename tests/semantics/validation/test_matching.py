"""Subtyping of definitions: what may be linked to an import."""

from __future__ import annotations

import pytest

from semantics.syntax.types import EXTERNREF, I32, I64, Limits
from semantics.validation import match_extern
from semantics.validation.matching import match_limits
from tests.semantics.validation.building import LOCAL, SHARED, ft, gt, mt, tt


@pytest.mark.parametrize(
    ("actual", "wanted", "fits"),
    [
        (Limits(2), Limits(1), True),
        (Limits(1), Limits(2), False),
        (Limits(1, 2), Limits(1), True),
        (Limits(1), Limits(1, 2), False),
        (Limits(1, 2), Limits(1, 2), True),
        (Limits(1, 3), Limits(1, 2), False),
        (Limits(2, 2), Limits(1, 3), True),
    ],
)
def test_limits(actual, wanted, fits):
    assert match_limits(actual, wanted) is fits
    assert match_extern(mt(LOCAL, actual.min, actual.max), mt(LOCAL, wanted.min, wanted.max)) is fits
    assert match_extern(tt(LOCAL, None, actual.min, actual.max), tt(LOCAL, None, wanted.min, wanted.max)) is fits


DIFFERENT = (
    *(ft(), ft(SHARED), ft(LOCAL, (I32,)), ft(LOCAL, (), (I32,))),
    *(gt(), gt(SHARED), gt(LOCAL, I64), gt(mutable=False)),
    *(tt(), tt(SHARED), tt(LOCAL, EXTERNREF)),
    *(mt(), mt(SHARED)),
)


@pytest.mark.parametrize("actual", DIFFERENT)
def test_attribute_and_content_are_invariant(actual):
    """Each of these fits itself and none of the others."""
    assert [wanted for wanted in DIFFERENT if match_extern(actual, wanted)] == [actual]
