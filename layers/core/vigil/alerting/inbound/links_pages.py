"""HTML pages of signed links: a form and its result, without scripts, styles of other files, or data of alerts."""

from base64 import b64encode
from hashlib import sha256
from html import escape

from vigil.alerting.inbound.links_model import AlertLink

_STYLE = (
    "body{font:1.1rem/1.5 sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.4rem}"
)
_STYLE_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex",
}
"""Headers of the pages. The policy allows the style of the page and its form, and no script."""
_DONE = {"acknowledge": "acknowledged", "resolve": "resolved"}


def form_page(link: AlertLink) -> str:
    """Return the page with a button for the action. The form posts to the address of the page itself."""
    action, alert = link.action.capitalize(), escape(link.alert_id)
    return _page(
        f"{action} an alert",
        f'<p>Alert <code>{alert}</code></p><form method="post"><button type="submit">{action}</button></form>'
        f"<p>This link only serves to {link.action} this alert. Do not forward it.</p>",
    )


def done_page(link: AlertLink) -> str:
    """Return the page that confirms the action."""
    return _page(
        f"The alert is {_DONE[link.action]}",
        f"<p>Alert <code>{escape(link.alert_id)}</code></p><p>Close this page.</p>",
    )


def refused_page() -> str:
    """Return the page of a link that is forged or has expired."""
    return _page(
        "The link is not valid",
        "<p>It has expired or was copied in part. Use the link of a newer notice, or the API.</p>",
    )


def missing_page() -> str:
    """Return the page of an alert that no longer exists."""
    return _page("The alert no longer exists", "<p>Its data were deleted.</p>")


def _page(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{content}</body></html>"
    )
