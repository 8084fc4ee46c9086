"""Messages of Slack in Block Kit, within all its limits. Source: https://docs.slack.dev/reference/block-kit/blocks."""

from collections.abc import Iterator
from typing import Any

from vigil.alerting.channels.masking_model import MAX_FACT_TEXT, shorten
from vigil.alerting.channels.texts_model import NoticeText, more

MAX_HEADER, MAX_SECTION, MAX_BLOCKS = 150, 3_000, 50
"""Maximum characters of a header and of a section, and maximum blocks of a message."""
MAX_MESSAGE = 8_000
"""Maximum characters of all blocks and the text. Slack documents no total, and refused messages of 11,000."""
ACKNOWLEDGE, RESOLVE = "acknowledge", "resolve"
"""Action ids of the buttons. The value of a button is the key of the incident."""
_MAX_BUTTON_LABEL = 75
_MAX_ADDRESS = 3_000
_RESERVE = 200
"""Characters for the line about hidden facts and its block."""


def escape(text: str) -> str:
    """Return a text in which Slack recognises no mention, link or entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_within(text: str, limit: int) -> str:
    """Return an escaped text of at most `limit` characters. A longer text is cut before it is escaped."""
    text = shorten(text, limit)
    while len(escaped := escape(text)) > limit:
        text = shorten(text, max(len(text) - max((len(escaped) - limit) // 5, 1), 0))
    return escaped


def to_message(text: NoticeText, key: str, *, has_buttons: bool) -> dict[str, Any]:
    """Return the fields `text` and `blocks` of a message.

    `key` is the key of the incident, and the value of the buttons. With `has_buttons`, an alert that is not resolved
    has buttons that report to Vigil. Without them, the links of the notice are buttons that open an address.
    """
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": escape_within(text.headline, MAX_HEADER)}},
        _section(f"*{escape_within(text.type, MAX_HEADER)}* {escape_within(text.source, MAX_FACT_TEXT)}"),
    ]
    actions = _actions(text, key, has_buttons=has_buttons)
    fallback = escape_within(text.headline, MAX_HEADER * 2)
    left = MAX_MESSAGE - _RESERVE - len(fallback) - sum(map(_size, [*blocks, *actions]))
    facts, hidden = _fact_sections(text.facts, left)
    blocks += facts
    if hidden:
        blocks.append(_section(more(hidden)))
    return {"text": fallback, "blocks": blocks + actions}


def to_reply(text: NoticeText) -> dict[str, Any]:
    """Return the field `text` of the short reply in a thread, for a further notice of an alert."""
    by = next((f" ({value})" for name, value in text.facts if name == f"{text.state} by"), "")
    return {"text": escape_within(text.headline + by, MAX_HEADER * 2)}


def _fact_sections(facts: tuple[tuple[str, str], ...], left: int) -> tuple[list[dict[str, Any]], int]:
    """Return the sections of as many facts as fit, and the number of hidden facts."""
    sections: list[list[str]] = [[]]
    shown = 0
    for line in _lines(facts):
        is_full = bool(sections[-1]) and sum(map(len, sections[-1])) + len(sections[-1]) + len(line) > MAX_SECTION
        needed = len(line) + 1 + (_size(_section("")) if is_full or not sections[-1] else 0)
        if needed > left or len(sections) + is_full > MAX_BLOCKS - 5:
            break
        if is_full:
            sections.append([])
        sections[-1].append(line)
        left -= needed
        shown += 1
    return [_section("\n".join(lines)) for lines in sections if lines], len(facts) - shown


def _lines(facts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, value in facts:
        yield f"{escape_within(name, MAX_HEADER)}: {escape_within(value, MAX_FACT_TEXT * 2)}"


def _actions(text: NoticeText, key: str, *, has_buttons: bool) -> list[dict[str, Any]]:
    buttons = [
        {"type": "button", "text": _label(name), "url": address}
        for name, address in text.links
        if len(address) <= _MAX_ADDRESS and not (has_buttons and name in {ACKNOWLEDGE, RESOLVE})
    ][:3]
    if has_buttons and text.state in {"Firing", "Acknowledged"}:
        ids = (ACKNOWLEDGE, RESOLVE) if text.state == "Firing" else (RESOLVE,)
        buttons = [{"type": "button", "action_id": i, "value": key, "text": _label(i)} for i in ids] + buttons
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _label(name: str) -> dict[str, str]:
    return {"type": "plain_text", "text": escape_within(name.capitalize(), _MAX_BUTTON_LABEL)}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _size(block: dict[str, Any]) -> int:
    """Return the characters of a block as JSON, about."""
    return len(str(block))
