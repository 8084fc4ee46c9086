"""`vigil decisions replay` prints the names of differing fields, never their values."""

from cli.decisions import differences


def test_differences_contain_only_field_names():
    assert differences('{"a":1,"b":"secret","c":3}', '{"a":1,"b":"other","d":4}') == ["b", "c", "d"]
