"""Text files: read whole, or refused with file, line and column."""

import json
import os

import cv2
import numpy as np
import pytest
import tomli_w

from geoself_jax.core.errors import DATA, MISSING, GeoselfError
from geoself_jax.data.files import load_json, load_text, load_toml, load_xml, load_yaml

LOADS = {"json": load_json, "toml": load_toml, "yaml": load_yaml, "xml": load_xml, "txt": load_text}


def refusal(path, **options) -> str:
    with pytest.raises(GeoselfError) as error:
        LOADS[path.suffix[1:]](path, **options)
    line = str(error.value)
    assert error.value.code == DATA and line.startswith(str(path)) and line.isprintable()
    return line


BILLION = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join(['*' + old] * 9)}], {new}: 1}}\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
ENTITIES = '<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'
FAULTS = {
    "json: cut short": ("json", '{"a": [1,\n 2', "line 2, column 3 - not JSON"),
    "json: no text": ("json", "", "line 1, column 1"),
    "json: lists without end": ("json", "[" * 200_000, "lists within lists without end"),
    "json: too long a number": ("json", "1" * 5000, "JSON that cannot be held"),
    "toml: wrong": ("toml", "a = 1\nb = \n", "at line 2"),
    "toml: twice": ("toml", "a = 1\na = 2\n", "at line 2"),
    "toml: a key without end": (
        "toml",
        "b = 1\na" + ".a" * 5000 + " = 1",
        "line 2 - a key of over 64",
    ),
    "toml: a table without end": ("toml", "[a" + ' . "a"' * 100 + "]", "line 1 - a key of over 64"),
    "toml: lists without end": ("toml", "a = " + "[" * 100_000, "TOML"),
    "yaml: wrong": ("yaml", "a: 1\nb: [1,\n", "line 3, column 1"),
    "yaml: runs": (
        "yaml",
        "a: !!python/object/apply:os.system ['touch CANARY']",
        "line 1, column 4",
    ),
    "yaml: imports": ("yaml", "!!python/name:os.system", "could not determine a constructor"),
    "yaml: makes": ("yaml", "!!python/object/new:os.system [touch CANARY]", "constructor"),
    "yaml: module": ("yaml", "!!python/module:os", "constructor"),
    "yaml: unknown tag": ("yaml", "a: !!opencv-matrix {rows: 1}", "opencv-matrix"),
    "yaml: billion laughs": ("yaml", BILLION, "multiply"),
    "yaml: merges that multiply": ("yaml", MERGES, "a mapping of over 10000 keys by <<"),
    "yaml: a merge of many": (
        "yaml",
        "a: &a {b: 1}\nc: {<<: [" + "*a, " * 17 + "]}",
        "line 2, column 4 - not plain YAML: <<",
    ),
    "yaml: round about": ("yaml", "&a [*a]", "YAML"),
    "yaml: lists without end": ("yaml", "[" * 1500, "lists within lists without end"),
    "yaml: no date": ("yaml", "2020-13-45", "YAML"),
    "yaml: a list as a key": ("yaml", "? [1]\n: 2", "unhashable"),
    "yaml: bytes": ("yaml", "a: \x07", "not plain YAML"),
    "xml: entities": ("xml", ENTITIES, "document type or entities"),
    "xml: another file": (
        "xml",
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "document type or entities",
    ),
    "xml: another document type": ("xml", '<!DOCTYPE a SYSTEM "http://x/y.dtd"><a/>', "document"),
    "xml: an unknown entity": ("xml", "<a>&b;</a>", "undefined entity"),
    "xml: wrong": ("xml", "<a>\n<b></a>", "line 2, column 6 - not XML"),
    "xml: empty": ("xml", "", "no element found"),
    "xml: too deep": ("xml", "<a>" * 100_000, "nested over 64 deep"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_text_that_is_wrong_or_hostile_is_refused_with_its_place(tmp_path, fault):
    kind, text, word = FAULTS[fault]
    path, canary = tmp_path / f"x.{kind}", tmp_path / "canary"
    path.write_text(text.replace("CANARY", str(canary)))
    assert word in refusal(path)
    assert not canary.exists()


@pytest.mark.parametrize("kind", LOADS)
def test_a_file_that_is_no_text_missing_or_too_large_is_refused(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    path.write_bytes(b"one\ntwo \xe9\n")
    assert "line 2: byte 0xe9 - not UTF-8 text" in refusal(path)
    assert "has 10 bytes, over 9" in refusal(path, max_bytes=9)
    with pytest.raises(GeoselfError, match="no such file") as error:
        LOADS[kind](tmp_path / "none")
    assert error.value.code == MISSING
    with pytest.raises(GeoselfError, match="a folder") as error:
        LOADS[kind](tmp_path)
    assert error.value.code == MISSING


def test_marks_of_windows_are_taken_off(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert load_text(tmp_path / "x.txt") == "a\nb\nc\n"
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert load_json(tmp_path / "x.json") == {"a": 1}


def test_what_json_and_tomli_w_write_comes_back(tmp_path):
    value = {"a": [1, 2.5, "ä"], "b": {"c": [[1.0, 2.0], [3.0, 4.0]]}, "d": True}
    (tmp_path / "x.json").write_text(json.dumps(value))
    (tmp_path / "x.toml").write_text(tomli_w.dumps(value))
    assert load_json(tmp_path / "x.json") == load_toml(tmp_path / "x.toml") == value
    (tmp_path / "x.json").write_text('{"a": NaN, "a": 2}')
    assert load_json(tmp_path / "x.json") == {"a": 2}


def test_what_is_bounded_is_read_below_its_bound(tmp_path):
    (tmp_path / "x.toml").write_text("a" + ".a" * 60 + " = 1\nb = [" + "1.5, " * 300 + "]\n")
    assert load_toml(tmp_path / "x.toml")["b"] == [1.5] * 300
    (tmp_path / "x.yaml").write_text("a: &a {b: 1}\nc: {<<: *a, d: 2}\ne: {<<: [*a, *a], f: 3}\n")
    found = load_yaml(tmp_path / "x.yaml")
    assert found["c"] == {"b": 1, "d": 2} and found["e"] == {"b": 1, "f": 3}
    (tmp_path / "x.yaml").write_text("# " + "x" * 2**21)
    assert "has 2097154 bytes, over 2097152" in refusal(tmp_path / "x.yaml")


@pytest.mark.parametrize("kind", LOADS)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, kind):
    os.mkfifo(tmp_path / f"x.{kind}")
    with pytest.raises(GeoselfError, match="a pipe or a device, not a file"):
        LOADS[kind](tmp_path / f"x.{kind}")


def test_numbers_of_yaml_are_numbers(tmp_path):
    (tmp_path / "x.yaml").write_text("[1e-3, 1.e-03, -.5, 2E4, .Inf, -.Inf, 5, 1e, e3, x1e3]")
    found = load_yaml(tmp_path / "x.yaml")
    assert found == [1e-3, 1e-3, -0.5, 2e4, float("inf"), -float("inf"), 5, "1e", "e3", "x1e3"]


def test_what_opencv_writes_as_yaml_and_xml_is_read(tmp_path):
    matrix = np.array([[1145.0494, 0, 512.5415], [0, 1e-12, 515.4515], [0, 0, 1]])
    for kind in ("yaml", "xml"):
        storage = cv2.FileStorage(str(tmp_path / f"x.{kind}"), cv2.FILE_STORAGE_WRITE)
        storage.write("K", matrix)
        storage.write("name", "left camera")
        storage.release()
    found = load_yaml(tmp_path / "x.yaml", tags=["opencv-matrix"])
    assert found["name"] == "left camera"
    assert {**found["K"], "data": None} == {"rows": 3, "cols": 3, "dt": "d", "data": None}
    np.testing.assert_array_equal(np.reshape(found["K"]["data"], (3, 3)), matrix)
    root = load_xml(tmp_path / "x.xml")
    assert root.tag == "opencv_storage" and root.find("K").get("type_id") == "opencv-matrix"
    numbers = [float(word) for word in root.findtext("K/data").split()]
    np.testing.assert_array_equal(np.reshape(numbers, (3, 3)), matrix)
    assert "opencv-matrix" in refusal(tmp_path / "x.yaml")
