"""Evidence of several findings: its verdict, and a text that names the subjects."""

from vigil.operations.diagnosis.model import MAX_FACTS, conclude


def test_the_text_names_the_first_faults_and_counts_the_others():
    faults = [(f"queue-{number}", "2 dead") for number in range(5)]
    found = conclude(faults, "Every queue is empty.", "Queues with a backlog", [("other", "0 dead")])
    assert (found.verdict, found.summary) == ("faulty", "Queues with a backlog: queue-0, queue-1, queue-2 and 2 more.")
    assert found.facts[-1] == ("other", "0 dead")


def test_one_fault_is_named_alone():
    assert conclude([("iit", "expired")], "Fine.", "Refused champions").summary == "Refused champions: iit."


def test_without_faults_a_missing_subject_is_unknown():
    found = conclude([], "Fine.", "Refused champions", missing="There is no such model.")
    assert (found.verdict, found.summary) == ("unknown", "There is no such model.")
    assert conclude([], "Fine.", "Refused champions").verdict == "ok"


def test_many_long_names_stay_within_the_limits():
    found = conclude([("n" * 500, "x")] * 30, "Fine.", "Refused champions")
    assert len(found.summary) < 250
    assert len(found.facts) == MAX_FACTS
