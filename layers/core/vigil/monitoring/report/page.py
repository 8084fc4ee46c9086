"""HTML page of a health report: one file without scripts, valid as XML, with every plotted number in a table."""

from collections.abc import Iterator

from vigil.monitoring.report import sections_model as sections
from vigil.monitoring.report.markup_model import Figures, write_text, write_words
from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.style_model import CONTENT_SECURITY_POLICY, STYLE

HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Robots-Tag": "noindex"}
"""Headers of the page. The policy allows only the style of the page."""


def render_page(report: HealthReport) -> str:
    """Return the page of a report as HTML. Equal reports give equal pages, of at most 150 kB for 40 features."""
    title = f"Health of {write_text(report.model)}, version {report.version}"
    return (
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>'
        f'<title>{title}</title><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>"
        f'<p class="note">{write_words(report.source)} decisions until {write_text(report.until)}, in UTC</p>'
        f"{''.join(_parts(report))}</main></body></html>\n"
    )


def _parts(report: HealthReport) -> Iterator[str]:
    figures = Figures()
    yield sections.write_status(report.status)
    yield sections.write_facts(report)
    yield sections.write_volume(report.volume)
    yield sections.write_performance(report.estimated, report.confirmed)
    yield sections.write_calibration(figures, report.calibration)
    yield sections.write_drift(figures, report.drift)
    yield sections.write_groups(figures, report.groups, report.not_given)
    yield sections.write_trend(figures, report.trend)
    yield sections.write_training_shift(report.training_shift)
    yield sections.write_trial(report.trial)
    yield sections.write_guidance(report.guidance)
