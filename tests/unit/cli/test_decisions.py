"""`vigil decisions replay` names the fields that differ, and never their values."""

from cli.decisions import differences


def test_differences_are_names_only():
    assert differences('{"a":1,"b":"secret","c":3}', '{"a":1,"b":"other","d":4}') == ["b", "c", "d"]
