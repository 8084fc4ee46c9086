"""Draws the health page of a simulated model, as a picture for the docs: `python -m cli.health_picture`."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from cli.checkout import ROOT
from cli.models import progress_bar
from cli.monitoring.simulation import Simulation
from cli.monitoring.versions import trained_version
from models.production import ProductionPlan, load_production
from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.page import render_page

PICTURE = ROOT / "docs" / "health.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Names of browsers that can draw a page without a window."""
SIZE = "1080,1835"
"""Width and height of the picture in pixels: the first screens of the page."""
COLOURS = 128
"""Number of colours of the picture, which keeps it small."""
MODEL = "iit"
PLAN = ProductionPlan(seed=1, days=300, rows_per_day=30, drift="supply", drift_day=265)
"""Simulated months of the picture: patients receive longer supplies in the end."""


def simulate_report() -> HealthReport:
    """Return the report of the simulated months, the same at every call."""
    with progress_bar(MODEL) as progress:
        simulation = Simulation(trained_version(MODEL, progress))
    simulation.replay(load_production(MODEL).requests(PLAN))
    return simulation.report()


def draw_picture(file: Path) -> None:
    """Draw the top of the page into a PNG file; a machine without a browser leaves the file as it is."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "health.html")
        page.write_text(render_page(simulate_report()))
        options = ("--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/user")
        picture = (f"--window-size={SIZE}", f"--screenshot={file}", page.as_uri())
        subprocess.run([browser, *options, *picture], check=True, capture_output=True, timeout=60)
    with Image.open(file) as drawn:
        drawn.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    draw_picture(PICTURE)
