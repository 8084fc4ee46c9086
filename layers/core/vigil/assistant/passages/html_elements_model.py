"""Elements of HTML: which hold blocks, which end others, and which a browser does not show."""

from collections import ChainMap, Counter
from collections.abc import Mapping
from dataclasses import dataclass

from vigil.assistant.passages.failures_model import MAX_DEPTH, UnreadableDocument
from vigil.assistant.passages.html_styles_model import Style, read_declarations, read_rules
from vigil.assistant.passages.html_tokens_model import Opening

_BLOCKS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre search "
    "section select summary table tbody td tfoot th thead tr ul"
)
BLOCKS = frozenset(_BLOCKS.split())
"""Elements that begin and end a paragraph."""
HEADINGS: Mapping[str, int] = {f"h{level}": level for level in range(1, 7)}
"""Level of each heading."""
STRUCK = frozenset(("del", "s", "strike"))
"""Elements with text that is struck out, so that it is no longer valid."""
_UNSEEN_NAMES = "audio canvas datalist defs desc iframe metadata noframes object symbol template video"
_UNSEEN = STRUCK | set(_UNSEEN_NAMES.split())
_EMPTY_NAMES = "area base basefont br col embed frame hr img input link meta param source track wbr"
_EMPTY = frozenset(_EMPTY_NAMES.split())
_DRAWINGS = ("svg", "math")
_CELLS, _ROWS = frozenset(("td", "th")), frozenset(("tr",))
_GROUPS = frozenset(("tbody", "thead", "tfoot", "caption"))
_TABLE = frozenset(("table", "template", "html"))
_TABLE_PARTS = _CELLS | _ROWS | _GROUPS | {"table"}
_SCOPE = _CELLS | _TABLE | {"caption", "button", "object"}
_ENDED = {
    "li": (frozenset(("li",)), _SCOPE | {"ul", "ol", "menu"}),
    **dict.fromkeys(("dd", "dt"), (frozenset(("dd", "dt")), _SCOPE | {"dl"})),
    **dict.fromkeys(_CELLS, (_CELLS, _TABLE | _ROWS)),
    "tr": (_CELLS | _ROWS, _TABLE),
    **dict.fromkeys(_GROUPS, (_CELLS | _ROWS | _GROUPS, _TABLE)),
    "option": (frozenset(("option",)), _SCOPE | {"select"}),
}
"""Elements that a start tag ends without an end tag, and the elements at which the search for them stops."""
_PARAGRAPH = frozenset(("p",))


@dataclass(frozen=True, slots=True)
class Element:
    """An open element."""

    name: str
    style: Style


class OpenElements:
    """The elements that are open at a place, as browsers repair them. Methods return the elements that end."""

    def __init__(self) -> None:
        self._stack: list[Element] = []
        self._rules: dict[str, Mapping[str, str]] = {}
        self.count: Counter[str] = Counter()

    @property
    def style(self) -> Style:
        """Style of the text at this place."""
        return self._stack[-1].style if self._stack else Style()

    @property
    def heading_level(self) -> int:
        """Level of the heading that contains this place, or 0."""
        return next((level for name, level in HEADINGS.items() if self.count[name]), 0)

    def end_before(self, name: str) -> list[Element]:
        """End the elements that cannot contain this one."""
        ended = []
        if name in BLOCKS and self.count["p"]:
            ended += self._pop(_PARAGRAPH, _SCOPE)
        targets, boundary = _ENDED.get(name, (frozenset[str](), frozenset[str]()))
        while any(self.count[target] for target in targets) and (found := self._pop(targets, boundary)):
            ended += found
        return ended

    def add_rules(self, sheet: str) -> None:
        """Add the rules of a style sheet. They apply to the elements behind it."""
        self._rules |= read_rules(sheet)

    def open(self, tag: Opening) -> bool:
        """Open an element. Return False for an element without content."""
        is_drawing = any(self.count[name] for name in _DRAWINGS)
        if tag.name in _EMPTY or (tag.is_closed and (is_drawing or tag.name in _DRAWINGS)):
            return False
        if len(self._stack) == MAX_DEPTH:
            raise UnreadableDocument("too_complex")
        style = self.style.of_child(self._declarations(tag))
        self._stack.append(Element(tag.name, Style(is_hidden=True) if _is_unseen(tag) else style))
        self.count[tag.name] += 1
        return True

    def close(self, name: str) -> list[Element]:
        """End the nearest element of this name and those in it. An end tag without a start tag is ignored."""
        if not self.count[name]:
            return []
        boundary = _TABLE if name in _TABLE_PARTS else _SCOPE
        return self._pop(frozenset((name,)), boundary - {name})

    def _declarations(self, tag: Opening) -> Mapping[str, str]:
        """Return the declarations that apply to an element, from its attributes and the rules of style sheets."""
        if not tag.attributes and not self._rules:
            return {}
        attributes = tag.attributes
        old = {"color": attributes.get("color") or attributes.get("text"), "background": attributes.get("bgcolor")}
        maps = [read_declarations(attributes["style"])] if "style" in attributes else []
        if self._rules:
            classes = [f".{name}" for name in attributes.get("class", "").split()[:20]]
            names = [*classes, f"#{attributes.get('id', '')}"]
            selectors = [f"{prefix}{name}" for name in names for prefix in (tag.name, "")]
            maps += [dict(self._rules[selector]) for selector in [*selectors, tag.name] if selector in self._rules]
        maps.append({name: value.strip().lower() for name, value in old.items() if value})
        return ChainMap(*maps)

    def _pop(self, names: frozenset[str], boundary: frozenset[str]) -> list[Element]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index].name in names:
                ended = self._stack[index:]
                del self._stack[index:]
                for element in ended:
                    self.count[element.name] -= 1
                return ended[::-1]
            if self._stack[index].name in boundary:
                break
        return []


def _is_unseen(tag: Opening) -> bool:
    """Return True if browsers or screen readers leave out an element because of its name or its attributes."""
    attributes = tag.attributes
    return (
        tag.name in _UNSEEN
        or "hidden" in attributes
        or attributes.get("aria-hidden", "").strip().lower() == "true"
        or (tag.name == "dialog" and "open" not in attributes)
        or (tag.name == "font" and attributes.get("size", "").strip() == "0")
    )
