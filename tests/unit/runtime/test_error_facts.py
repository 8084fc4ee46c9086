"""The facts that group errors: classes, frames of Vigil's code and the code of AWS, but no message and no line."""

import json
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from botocore.exceptions import ClientError

from vigil.errors import Unavailable
from vigil.runtime.error_facts import MAX_CLASSES, MAX_FRAMES, describe_error, error_fields, error_origin

CANARY = "jane-roe-0712345678"
SOURCE = """
def caller(depth, error):
    return middle(depth, error)

def other_caller(depth, error):
    return middle(depth, error)

def middle(depth, error):
    if depth:
        return middle(depth - 1, error)
    raise error
"""


@pytest.fixture
def module(tmp_path):
    """Return a function that returns a new module of Vigil, whose code stands some lines further down."""

    def create(lines=0, name="vigil.decisions.scoring.made_up", source=SOURCE):
        path = tmp_path / f"{name}-{lines}.py"
        path.write_text("\n" * lines + source)
        spec = spec_from_file_location(name, path)
        made = module_from_spec(spec)
        spec.loader.exec_module(made)
        return made

    return create


def origin(made, name="caller", depth=0, error=None):
    """Return the origin of an error that a function of the module raises."""
    raised = KeyError(CANARY) if error is None else error
    with pytest.raises(type(raised)) as caught:
        getattr(made, name)(depth, raised)
    return error_origin(caught.value)


def refused(code):
    error = Unavailable("away")
    error.__cause__ = ClientError({"Error": {"Code": code, "Message": CANARY}}, "PutItem")
    return error


def test_frames_are_functions_of_vigil_with_the_deepest_last(module):
    assert origin(module())["frames"] == [
        "vigil.decisions.scoring.made_up:caller",
        "vigil.decisions.scoring.made_up:middle",
    ]


def test_a_function_moved_by_40_lines_has_the_same_origin(module):
    assert origin(module()) == origin(module(lines=40))


@pytest.mark.parametrize("depth", [3, 300])
def test_a_recursion_of_any_depth_has_the_same_origin(module, depth):
    assert origin(module()) == origin(module(), depth=depth)


def test_another_caller_class_cause_or_code_is_another_origin(module):
    origins = [
        origin(module()),
        origin(module(), name="other_caller"),
        origin(module(), error=ValueError()),
        origin(module(), error=Unavailable("x")),
        origin(module(), error=refused("ThrottlingException")),
        origin(module(), error=refused("AccessDeniedException")),
    ]
    assert len({json.dumps(each) for each in origins}) == len(origins)
    assert origins[-1]["classes"] == ["Unavailable", "ClientError"]
    assert origins[-1]["aws_code"] == "AccessDeniedException"


def test_frames_of_other_packages_are_left_out(module):
    assert origin(module(name="somelib.module"))["frames"] == []


def test_messages_notes_and_causes_enter_no_fact():
    error = KeyError(CANARY)
    error.add_note(CANARY)
    error.__cause__ = ValueError(CANARY)
    with pytest.raises(KeyError) as caught:
        raise error
    assert CANARY not in json.dumps(error_fields(caught.value))


def test_chains_and_frames_are_bounded_and_cycles_end(module):
    first = error = ValueError("0")
    for number in range(50):
        error.__context__ = ValueError(str(number))
        error = error.__context__
    error.__context__ = first
    calls = "".join(f"def f{n}(*x):\n  f{n + 1}(*x)\n" for n in range(50)) + "def f50(depth, error):\n  raise error\n"
    found = origin(module(name="vigil.made_up", source=calls), "f0", error=first)
    assert len(found["classes"]) == MAX_CLASSES
    assert (len(found["frames"]), found["frames"][-1]) == (MAX_FRAMES, "vigil.made_up:f50")


def test_an_error_that_was_never_raised_has_its_class():
    assert describe_error(KeyError("x")) == "KeyError"
    assert error_origin(KeyError("x")) == {"classes": ["KeyError"], "frames": []}
