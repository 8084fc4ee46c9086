"""The interleaving timer compares adjacent measurements and judges the goal."""

import pytest

from benchmarks.measure import Measurement, interleave, time_calls


def scripted(seconds, log, name):
    def run(number):
        log.append((number, name))
        return seconds[number + 1]

    return run


def test_the_ratio_is_the_median_of_pairs_without_the_warm_up():
    log = []
    ours = scripted([900.0, 1.0, 2.0, 30.0], log, "ours")
    reference = scripted([0.001, 10.0, 8.0, 100.0], log, "reference")
    (result,) = interleave([Measurement("line", ours, reference, goal=0.3)], 3, tick=lambda: None)
    assert (result.ours, result.reference, result.ratio) == (2.0, 10.0, 0.25)
    assert result.reached is True


def test_both_sides_run_in_every_round_and_alternate_in_order():
    log = []
    line = Measurement("line", scripted([1.0] * 3, log, "ours"), scripted([1.0] * 3, log, "reference"))
    interleave([line], 2, tick=lambda: None)
    assert [name for _, name in log] == ["reference", "ours", "ours", "reference", "reference", "ours"]
    assert [number for number, _ in log] == [-1, -1, 0, 0, 1, 1]


@pytest.mark.parametrize(("goal", "reached"), [(0.5, True), (0.49, False), (None, None)])
def test_a_ratio_at_the_bound_reaches_the_goal(goal, reached):
    line = Measurement("line", lambda _: 1.0, lambda _: 2.0, goal)
    assert interleave([line], 1, tick=lambda: None)[0].reached is reached


def test_every_round_uses_the_next_items():
    seen = []
    run = time_calls(seen.append, range(10), 4)
    for number in (0, 1, 2):
        assert run(number) >= 0
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
