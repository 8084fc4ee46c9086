"""`vigil models promote` says whether the alias moved."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from cli import models
from cli.main import app
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION, Pointer

PRESENT = {
    CHAMPION: Pointer("iit", CHAMPION, 1, "sha256:1", 1, 1, 0),
    CHALLENGER: Pointer("iit", CHALLENGER, 2, "sha256:2", 1, 2, 50),
}


class Promoter:
    """Publisher that moves aliases, and returns a present pointer where nothing changes."""

    def pointers(self, name):
        return PRESENT

    def promote(self, name, version, alias, share):
        present = PRESENT[alias]
        same = (present.version, present.share) == (version, share)
        return present if same else replace(present, version=version, share=share, fence=present.fence + 1)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["1"], "iit version 1 is already the champion; nothing changed"),
        (["2"], "iit champion is version 2; older versions are no longer accepted"),
        (["2", "--alias", "challenger", "--share", "50"], "iit version 2 is already the challenger; nothing changed"),
        (["2", "--alias", "challenger", "--share", "60"], "iit challenger is version 2, decides for 60 ‰"),
    ],
)
def test_a_promotion_without_effect_is_named(monkeypatch, options, shown):
    monkeypatch.setattr(models, "publisher", lambda _: Promoter())
    result = CliRunner().invoke(app, ["models", "promote", "iit", *options])
    assert result.exit_code == 0
    assert shown in " ".join(result.stdout.split())
