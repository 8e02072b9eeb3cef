"""`python -m litmus.cli` is `weft`."""

import sys

from litmus.cli import main

sys.exit(main())
