"""Extracts of clinics about one synthetic person, who came 30 days late on 2024-08-07, in several ways of recording."""

import json
from pathlib import Path
from typing import Any

EXTRACTS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text())
"""Histories by the way of recording. In `pick-ups` the person picked medicine up in time and was never late."""
LATE = tuple(name for name in EXTRACTS if name != "pick-ups")
AS_OF = "2024-09-01T08:00:00Z"
