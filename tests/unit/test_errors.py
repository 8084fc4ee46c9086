"""An InvalidInput lists a bounded number of errors with bounded texts, and counts all of them."""

from vigil.errors import FieldError, InvalidInput


def test_few_errors_are_all_named():
    error = InvalidInput(FieldError("a", "is required"), FieldError("b", "is unknown", "a or c"))
    assert str(error) == "a: is required; b: is unknown"
    assert (len(error.errors), error.count) == (2, 2)


def test_many_errors_are_counted_and_the_first_are_listed():
    error = InvalidInput(*(FieldError(f"f{number}", "is unknown") for number in range(57)))
    assert str(error) == "57 errors. f0: is unknown; f1: is unknown; f2: is unknown; and 54 more"
    assert (len(error.errors), error.count) == (20, 57)


def test_count_may_exceed_the_given_errors():
    assert InvalidInput(FieldError("a", "is unknown"), count=9).count == 9


def test_texts_of_an_error_are_shortened():
    (error,) = InvalidInput(FieldError("f" * 900, "m" * 900, "b" * 900)).errors
    assert [len(text) for text in (error.field, error.message, error.bound)] == [800, 800, 800]
