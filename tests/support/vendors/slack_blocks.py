"""The limits of Block Kit that Vigil's messages can meet. Source: https://docs.slack.dev/reference/block-kit."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"&(?!amp;|lt;|gt;)|[<>]")
"""A character that a program must escape, unless it builds a link or a mention on purpose."""
_MAX_TOTAL = 10_000
"""Maximum characters of a message. Slack documents none; it took 9,597 and refused 11,341 (bolt-js, issue 2867)."""


def problems(text: str, blocks: Any) -> Iterator[str]:
    """Yield the error codes of a message with these texts and blocks."""
    if not isinstance(blocks, list) or len(blocks) > 50:
        yield "invalid_blocks"
        return
    if len(json.dumps(blocks, ensure_ascii=False)) + len(text) > _MAX_TOTAL:
        yield "msg_blocks_too_long"
    if _BARE.search(text):
        yield "invalid_blocks"
    ids = [each.get("action_id") for block in blocks for each in block.get("elements", ()) if "action_id" in each]
    if len(ids) != len(set(ids)) or not all(map(_is_valid, blocks)):
        yield "invalid_blocks"


def _is_valid(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    kind = block.get("type")
    if kind == "header":
        return block.keys() == {"type", "text"} and _is_text(block["text"], "plain_text", 150)
    if kind == "section":
        return block.keys() == {"type", "text"} and _is_text(block["text"], "mrkdwn", 3_000)
    if kind == "actions":
        elements = block.get("elements", [])
        return block.keys() == {"type", "elements"} and 1 <= len(elements) <= 25 and all(map(_is_button, elements))
    return False


def _is_button(button: Mapping[str, Any]) -> bool:
    return (
        button.get("type") == "button"
        and not button.keys() - {"type", "text", "action_id", "value", "url", "style"}
        and _is_text(button.get("text"), "plain_text", 75)
        and len(button.get("value", "")) <= 2_000
        and len(button.get("action_id", "")) <= 255
        and len(button.get("url", "")) <= 3_000
    )


def _is_text(value: Any, kind: str, limit: int) -> bool:
    if not isinstance(value, dict) or value.get("type") != kind or not isinstance(value.get("text"), str):
        return False
    return 1 <= len(value["text"]) <= limit and not _BARE.search(value["text"])
