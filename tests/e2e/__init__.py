"""Real clients, processes and servers. The demo's own parts are used from its folder, as the script that it is does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "first_session"))
