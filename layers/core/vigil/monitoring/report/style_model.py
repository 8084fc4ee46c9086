"""Style of the health page, and the policy that allows this style alone."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

COLOURS: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#1b2733",
    "muted": "#53606d",
    "line": "#d9dfe5",
    "tint": "#f4f6f8",
    "now": "#1f5f99",
    "usual": "#7c8894",
    "zone": "#e3efe6",
    "quiet": "#1d6b3c",
    "quiet_tint": "#e6f4ea",
    "settling": "#1f5f99",
    "settling_tint": "#e6eff8",
    "alarm": "#a61b1b",
    "alarm_tint": "#fdecea",
    "insufficient": "#6b4e00",
    "insufficient_tint": "#fdf3d8",
}
"""Colours by use."""
TEXT_PAIRS = (
    ("ink", "paper"),
    ("ink", "tint"),
    ("muted", "paper"),
    ("muted", "tint"),
    *((state, "paper") for state in ("quiet", "settling", "alarm", "insufficient")),
    *((state, f"{state}_tint") for state in ("quiet", "settling", "alarm", "insufficient")),
    *(("ink", f"{state}_tint") for state in ("quiet", "settling", "alarm", "insufficient")),
)
"""Colours of text and ground that meet; WCAG AA requires a contrast of 4.5."""
MARK_PAIRS = (("now", "paper"), ("usual", "paper"), ("alarm", "paper"), ("now", "zone"), ("alarm", "zone"))
"""Colours of marks and ground that meet; WCAG AA requires a contrast of 3."""

_STATES = "".join(
    f".{state}{{color:{COLOURS[state]}}}.status.{state}{{background:{COLOURS[f'{state}_tint']};"
    f"border-color:{COLOURS[state]}}}"
    for state in ("quiet", "settling", "alarm", "insufficient")
)
STYLE = (
    "*{box-sizing:border-box}"
    f"body{{margin:0;background:{COLOURS['paper']};color:{COLOURS['ink']};"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}"
    "main{max-width:66rem;margin:0 auto;padding:1.5rem 1rem 3rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0;overflow-wrap:anywhere}"
    f"h2{{font-size:1.2rem;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:1px solid {COLOURS['line']}}}"
    f"p{{margin:.4rem 0;max-width:48rem;overflow-wrap:anywhere}}.note,figcaption,caption{{color:{COLOURS['muted']}}}"
    ".status{border-left:6px solid;border-radius:6px;padding:1rem 1.25rem;margin:1.25rem 0}"
    ".status h2{border:0;margin:0;padding:0;font-size:1.4rem}.status ul{margin:.3rem 0;padding-left:1.2rem}"
    f".status li,.status p{{color:{COLOURS['ink']};overflow-wrap:anywhere}}"
    f"{_STATES}.pass{{color:{COLOURS['quiet']}}}.fail{{color:{COLOURS['alarm']}}}"
    ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;margin:1rem 0}"
    f".facts div{{background:{COLOURS['tint']};border-radius:6px;padding:.75rem 1rem}}"
    f".facts dt{{color:{COLOURS['muted']};font-size:.85rem}}.facts dd{{margin:0;font-size:1.35rem;font-weight:600}}"
    ".facts dd small{display:block;font-size:.8rem;font-weight:400}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1.5rem;margin:1rem 0}"
    ".many{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(12rem,100%),1fr));gap:1.25rem;margin:1rem 0}"
    "figure{margin:0;break-inside:avoid}figcaption{font-size:.9rem;margin-bottom:.25rem;overflow-wrap:anywhere}"
    "svg{display:block;width:100%;height:auto;max-width:30rem}.many svg{max-width:16rem}"
    f"svg text{{font-size:12px;fill:{COLOURS['muted']}}}svg .e{{text-anchor:end}}svg .m{{text-anchor:middle}}"
    f"svg .strong{{fill:{COLOURS['ink']}}}"
    f".grid{{stroke:{COLOURS['line']};fill:none}}.zone{{fill:{COLOURS['zone']}}}"
    f".now{{fill:{COLOURS['now']}}}.hot{{fill:{COLOURS['alarm']}}}"
    f".old{{fill:none;stroke:{COLOURS['usual']};stroke-width:1.5}}"
    f".line{{fill:none;stroke:{COLOURS['now']};stroke-width:2}}"
    f".redline{{fill:none;stroke:{COLOURS['alarm']};stroke-width:2}}"
    f".usual{{stroke:{COLOURS['ink']};stroke-width:1.5}}"
    f".dash{{stroke-dasharray:5 4}}.grid.dash{{stroke:{COLOURS['usual']}}}"
    ".wide{overflow-x:auto;margin:1rem 0}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;padding:.25rem 0;font-size:.9rem}"
    f"th,td{{text-align:right;padding:.35rem .5rem;border-bottom:1px solid {COLOURS['line']};vertical-align:top}}"
    "td{white-space:nowrap}"
    "th{font-weight:600}"
    "tbody th{font-weight:400;min-width:min(9rem,30vw);max-width:20rem;overflow-wrap:anywhere}"
    "th:first-child{text-align:left;padding-left:0}"
    f"thead th{{color:{COLOURS['muted']};font-size:.85rem}}"
    "details{font-size:.85rem}summary{cursor:pointer;padding:.25rem 0}details table{font-size:.8rem}"
    "details tbody th{min-width:4rem}"
    ".pair .wide{margin:0}.pair tbody th{min-width:3rem}"
    "footer{margin-top:2.5rem;font-size:.85rem}"
    "@media print{@page{margin:15mm}body{font-size:11px}main{max-width:none;padding:0}h2{break-after:avoid}"
    ".wide{overflow:visible}tr{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "details::details-content{content-visibility:visible;display:block}}"
)
"""Style sheet of the page."""
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Value of the header that must go with the page: no script, no other file, no style but its own."""
