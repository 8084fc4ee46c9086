"""`vigil monitor simulate`: planted drift is found by its day, and a quiet model stays quiet."""

import json
from itertools import chain

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.monitoring.simulation import SimulatedVersion, Simulation
from tests.support.fakes.scoring import CONTRACT

USUAL = {"--model": "leads", "--days": "90", "--rows-per-day": "40"}
SHORT = tuple(chain.from_iterable(USUAL.items()))
LOST = ("--drift", "tracking@60")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folder of state with a package of `leads`."""
    folder = tmp_path_factory.mktemp("home")
    for words in (("models", "keygen"), ("models", "train", "leads")):
        assert CliRunner().invoke(app, words, env={"VIGIL_HOME": str(folder)}).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def simulate(home):
    """Function that runs the command and returns its exit code and its output in one line."""

    def run(*words):
        found = CliRunner().invoke(app, ["monitor", "simulate", *words], env={"VIGIL_HOME": str(home)})
        return found.exit_code, found.output

    return run


@pytest.fixture(scope="module")
def lost(simulate):
    return simulate(*SHORT, *LOST, "--json")


def test_a_planted_drift_is_found_with_its_day_and_next_step(simulate, home):
    code, shown = simulate(*SHORT, *LOST, "--html", str(home / "health.html"))
    text = " ".join(shown.split())
    assert code == 0
    assert "planted drift tracking from day 60 on Alarm: day 31." in text
    assert "day 60, 0 days after the drift began: pricing_views_30d and page_views_30d are missing more often" in text
    assert "next step: Repair the data feed. Do not retrain: the model is not the cause." in text
    page = (home / "health.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "page_views_30d" in page


def test_equal_seeds_give_equal_reports(simulate, lost):
    assert lost[0] == 0
    assert simulate(*SHORT, *LOST, "--json") == lost


def test_the_json_has_the_plan_the_findings_and_the_report(lost):
    found = json.loads(lost[1])
    assert found["drift"] == {"name": "tracking", "day": 60}
    first = found["findings"][0]
    assert (first["kind"], first["day_number"]) == ("feed", 60)
    assert first["subjects"] == ["pricing_views_30d", "page_views_30d"]
    assert found["report"]["status"]["state"] == "alarm"
    assert all(row["rows"] is None or row["rows"] >= 20 for row in found["report"]["groups"])


def test_a_model_without_drift_is_quiet(simulate):
    code, shown = simulate(*SHORT)
    assert code == 0
    assert "no planted drift\nQuiet: no alarm is open.\nThere is nothing to do.\n" in shown


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--drift", "tracking"), "a day from 57, when the usual state is known, to 90: tracking@57"),
        (("--drift", "tracking@20"), "must have the day on which it begins"),
        (("--drift", "supply@60"), "none, or one of tracking, cold_lists with its first day, such as tracking@200"),
        (("--days", "700", "--rows-per-day", "500"), "350,000 rows are too many (at most 80,000 rows in all)"),
        (("--days", "80"), "greater than or equal to 90"),
        (("--model", "wdbc"), "choose one of iit, leads, netsec"),
        (("--model", "netsec"), "run `vigil models train netsec` first"),
    ],
)
def test_a_bad_option_is_refused_with_a_remedy(simulate, words, remedy):
    given = [word for name, value in USUAL.items() if name not in words for word in (name, value)]
    code, shown = simulate(*given, *words)
    assert code != 0
    assert remedy in " ".join(shown.replace("│", " ").split())


def test_a_report_without_a_replayed_request_is_refused():
    with pytest.raises(ValueError, match="at least one replayed request"):
        Simulation(SimulatedVersion(1, CONTRACT, None, None)).report()
