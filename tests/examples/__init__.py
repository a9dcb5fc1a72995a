"""The three example sessions: what is kept of them is what came out, and ends as it says."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
