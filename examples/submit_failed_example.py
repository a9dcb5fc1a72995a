"""The failed session, sent to a collector over the open protocol: an honest attempt that ends unsolved.

    patchtrail collect --dev-token dev &
    python examples/submit_failed_example.py

Nothing of Patchtrail is imported; `--help` says what can be set.
"""

from __future__ import annotations

import sys

from open_client import main

if __name__ == "__main__":
    sys.exit(main("failed-trace-chunks"))
