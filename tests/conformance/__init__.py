"""External suites, where they are at hand: beside the checkout as ../shared/suites, or where WEFT_SUITES points."""

from __future__ import annotations

import os
from pathlib import Path

SUITES = Path(os.environ.get("WEFT_SUITES", Path(__file__).resolve().parents[3] / "shared" / "suites"))
MISSING = f"the official suites are not at {SUITES}; set WEFT_SUITES"
