"""Errors of several inputs are one line each."""

from geoself_jax.core.errors import DATA, data_error, joined, missing_error


def test_several_errors_are_one_with_a_line_each():
    first, second = data_error("a", "bad\nfile", "fix it"), missing_error("b", "not there", "")
    both = joined([first, second])
    assert both.lines == (str(first), str(second)) and both.code == DATA
    assert all(line.isprintable() for line in both.lines)
    assert str(first) in str(both) and str(second) in str(both)


def test_errors_that_are_several_themselves_keep_their_lines():
    first, second, third = (data_error(name, "bad", "") for name in "abc")
    whole = joined([joined([first, second]), third])
    assert whole.lines == (str(first), str(second), str(third))


def test_one_error_stays_as_it_is():
    error = missing_error("b", "not there", "look")
    assert joined([error]) is error and error.lines == ("b - not there - look",)
