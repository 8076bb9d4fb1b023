"""Configurations: to dictionaries and back, from a command line's text, with the nearest name."""

import json
import math
from dataclasses import fields, is_dataclass
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from geoself_jax.core.config import Config, ModelConfig, as_dict, from_dict, limits_of, replace_at
from geoself_jax.core.errors import USAGE, GeoselfError


def _leaves(kind=Config, prefix=""):
    """(dotted key, type, default) of every field."""
    default = kind()
    for field in fields(kind):
        hint, value = get_type_hints(kind)[field.name], getattr(default, field.name)
        if is_dataclass(value):
            yield from _leaves(type(value), f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", hint, value


LEAVES = list(_leaves())


def _other(hint, value):
    """A text and the value it means, other than the default."""
    if hint is bool:
        return str(not value).lower(), not value
    if hint is int:
        return str(value + 2), value + 2
    if hint is float:
        return "0.125", 0.125
    if get_origin(hint) is Literal:
        choice = next(choice for choice in get_args(hint) if choice != value)
        return choice, choice
    if get_origin(hint) is tuple:
        return "320,240.5", (320.0, 240.5)
    return "a/b c.npz", "a/b c.npz"


def _get(config, key):
    for name in key.split("."):
        config = getattr(config, name)
    return config


def test_every_default_survives_json_and_the_checks():
    config = Config()
    assert from_dict(Config, json.loads(json.dumps(as_dict(config)))) == config


@pytest.mark.parametrize(("key", "hint", "value"), LEAVES, ids=[key for key, *_ in LEAVES])
def test_every_field_is_set_by_text_and_nothing_else_changes(key, hint, value):
    text, meant = _other(hint, value)
    config = replace_at(Config(), key, text)
    assert _get(config, key) == meant and type(_get(config, key)) is type(value)
    changed = [k for k, *_ in LEAVES if _get(config, k) != _get(Config(), k)]
    assert changed == [key]
    assert from_dict(Config, json.loads(json.dumps(as_dict(config)))) == config


NUMBERS = [(key, hint) for key, hint, _ in LEAVES if hint in (int, float)]


@pytest.mark.parametrize(("key", "hint"), NUMBERS, ids=[key for key, _ in NUMBERS])
def test_every_number_refuses_words_nan_and_less_than_nothing(key, hint):
    for text in ("many", "nan", "inf", "-1"):
        with pytest.raises(GeoselfError, match=key.split(".")[-1]) as refused:
            replace_at(Config(), key, text)
        assert refused.value.code == USAGE


@pytest.mark.parametrize(
    ("key", "text", "hint"),
    [
        ("schedule.lenght", "5", "did you mean 'length'?"),
        ("shedule.length", "5", "did you mean 'schedule'?"),
        ("model.widht", "5", "did you mean 'width'?"),
        ("schedule", "5", "length"),
        ("seed.x", "5", "seed has no keys"),
        ("schedule.batch", "0", "in [1, 1000000]"),
        ("schedule.call", "0", "in [1, 10000]"),
        ("schedule.batch", "1.5", "type int"),
        ("data.validation_share", "1.0", "0.9"),
        ("model.dropout", "1", "0.9"),
        ("augmentation.mirror", "yes", "type bool"),
        ("model.input", "pixels", "did you mean 'pixel'?"),
        ("model.pixel_center", "1", "2 numbers"),
        ("model.pixel_center", "1,2,3", "2 numbers"),
        ("model.pixel_center", "1,x", "type float"),
        ("", "5", "no such key"),
    ],
)
def test_a_wrong_key_or_value_says_what_is_wanted(key, text, hint):
    with pytest.raises(GeoselfError) as refused:
        replace_at(Config(), key, text)
    assert refused.value.code == USAGE
    assert hint in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"modle": {}}, "did you mean 'model'?"),
        ({"model": {"widht": 3}}, "did you mean 'width'?"),
        ({"model": {"width": "3"}}, "config.model.width='3'"),
        ({"model": {"width": True}}, "type int"),
        ({"model": 3}, "a table of keys"),
        ({"augmentation": {"mirror": 1}}, "type bool"),
        ([], "a table of keys"),
    ],
)
def test_a_wrong_dictionary_says_what_is_wanted(values, hint):
    with pytest.raises(GeoselfError) as refused:
        from_dict(Config, values)
    assert refused.value.code == USAGE and hint in str(refused.value)


def test_the_limits_hold_for_a_part_read_by_itself():
    """As an export's model.json is."""
    with pytest.raises(
        GeoselfError, match=r"architecture.width=-5 - wanted a number in \[1, 32768\]"
    ):
        from_dict(ModelConfig, {"width": -5}, "architecture")


@pytest.mark.parametrize("value", [27.0, True, "27"])
def test_a_choice_of_whole_numbers_takes_no_other_type(value):
    with pytest.raises(GeoselfError, match="wanted one of 1, 3, 9"):
        from_dict(ModelConfig, {"frames": value})


def test_a_number_of_many_digits_is_one_line():
    for values in ({"width": -(10**400)}, {"dropout": 10**400}):
        with pytest.raises(GeoselfError, match="wanted a number"):
            from_dict(ModelConfig, values)


def test_a_whole_number_will_do_for_a_float_and_a_list_for_a_tuple():
    model = from_dict(ModelConfig, {"root_depth": 5, "pixel_center": [1, 2]})
    assert model.root_depth == 5.0 and type(model.root_depth) is float
    assert model.pixel_center == (1.0, 2.0)


def test_every_number_has_an_upper_limit():
    for group in (Config, *(f.default_factory for f in fields(Config) if is_dataclass(f.type))):
        for name, hint in get_type_hints(group).items():
            if hint in (int, float):
                assert math.isfinite(limits_of(group)[name][1]), f"{group.__name__}.{name}"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("schedule.length", "1" + 20 * "0"),
        ("model.width", "1000000000"),
        ("model.blocks", "1000000"),
        ("schedule.call", "1000000000"),
        ("data.synthetic_frames", "1000000000"),
        ("optimizer.learning_rate", "1e300"),
    ],
)
def test_a_number_far_beyond_use_is_refused(key, text):
    with pytest.raises(GeoselfError, match=rf"config\.{key}=.* - wanted a number in \["):
        replace_at(Config(), key, text)
