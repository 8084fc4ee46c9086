"""Templates as data, each read once; CloudFormation's short tags are one-entry mappings."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

INFRA = Path(__file__).parents[2] / "infra"


class _Loader(yaml.SafeLoader):
    """YAML with the short tags."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    build = loader.construct_sequence if isinstance(node, yaml.SequenceNode) else loader.construct_mapping
    return {suffix: build(node, deep=True)}


_Loader.add_multi_constructor("!", _tag)


@cache
def template(path: Path) -> dict[str, Any]:
    """Return a template."""
    found: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader with inert tags
    return found
