"""CPU time of judging the drift of one model-day: 40 features, scores, bands and reasons.

`.venv/bin/python -m benchmarks.drift [--days N]` settles a model, then judges N days of 1,000 rows without a change.
"""

import argparse
import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from rich.console import Console

from vigil.monitoring.drift.encoding_model import from_bytes, to_bytes
from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.profiles.model import SCORE_BINS, FeatureCounts, Profile, ScoreCounts
from vigil.prediction.packages.reference_model import FeatureReference

NUMBERS, CATEGORIES, BINS, LEVELS = 30, 10, 10, 5
ROWS, SETTLING_DAYS = 1_000, 56
FIRST_DAY = date(2026, 1, 1)
out = Console()


def layout() -> Layout:
    """Return the layout of thirty numbers and ten categories."""
    edges = tuple(float(edge) for edge in range(1, BINS))
    numbers = [FeatureReference(f"number{i}", "input", edges, (0,) * BINS, 0) for i in range(NUMBERS)]
    levels = [FeatureReference(f"level{i}", "input", (), (0,) * LEVELS, 0) for i in range(CATEGORIES)]
    return Layout((*numbers, *levels), ("high", "low"), ("act", "wait"), ("missing", "out_of_domain"), ("forest",))


def profiles(days: int, seed: int) -> Iterator[Profile]:
    """Yield days of independent rows."""
    rng = random.Random(seed)  # noqa: S311 - simulated counts
    for day in range(days):
        widths = [BINS] * NUMBERS + [LEVELS] * CATEGORIES
        features = tuple(FeatureCounts(_draw(rng, ROWS - 50, width), 50) for width in widths)
        scores = ScoreCounts(_draw(rng, ROWS, SCORE_BINS), (0,) * SCORE_BINS, (0,) * SCORE_BINS)
        high = _draw(rng, ROWS, 10)[0]
        yield Profile(
            day=(FIRST_DAY + timedelta(days=day)).isoformat(),
            source="single",
            rows=ROWS,
            counted=ROWS,
            features=features,
            scores=scores,
            bands={"high": high, "low": ROWS - high},
            decisions={"act": high, "wait": ROWS - high},
            abstention_reasons={"missing": high // 2},
            missing_patterns={1 << i: 50 for i in range(16)},
        )


def main() -> None:
    """Print the median CPU time of a day, as the nightly job pays it: read the state, judge, write the state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=200)
    judge, seconds = DriftJudge(1, "single", layout()), list[float]()
    stored = to_bytes(judge.start())
    for profile in profiles(SETTLING_DAYS + parser.parse_args().days, 1):
        began = time.process_time()
        state, _ = judge.advance(from_bytes(stored), profile)
        stored = to_bytes(state)
        seconds.append(time.process_time() - began)
    watched = sorted(seconds[SETTLING_DAYS + 1 :])
    out.print(
        f"a model-day of {NUMBERS + CATEGORIES} features: median {1e3 * median(watched):.1f} ms, "
        f"settling {1e3 * median(seconds[:SETTLING_DAYS]):.1f} ms, first day with new bets "
        f"{1e3 * seconds[SETTLING_DAYS]:.1f} ms; state {len(stored):,} bytes"
    )


def _draw(rng: random.Random, rows: int, cells: int) -> tuple[int, ...]:
    counts = [0] * cells
    for cell in rng.choices(range(cells), k=rows):
        counts[cell] += 1
    return tuple(counts)


if __name__ == "__main__":
    main()
