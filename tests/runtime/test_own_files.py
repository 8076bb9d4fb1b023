"""Run.json, metrics.jsonl, evaluation.json and checkpoint facts: damage is refused in one line."""

import dataclasses
import json
import resource
import shutil

import pytest
from older_runs import made_older
from processes import run_python

from geoself_jax.core.errors import DATA, INPUT_OUTPUT, WORKDIR, GeoselfError
from geoself_jax.export.evaluation_file import read_evaluation
from geoself_jax.lift.exported import load_exported
from geoself_jax.runtime import json_files, metrics_lines, workdir
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train

BELIEVED = {
    "model.root_depth": 9.0,
    "model.root": "plain",
    "model.pixel_scale": 123.0,
    "model.input": "ray",
    "model.length_unit": 2.0,
    "skeleton.root": 1,
}


@pytest.fixture
def run(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "run")


def with_value(record, name, value):
    group, key = name.split(".")
    return {**record, group: {**record[group], key: value}}


@pytest.mark.parametrize("name", BELIEVED)
def test_a_changed_value_of_run_json_is_refused_whoever_signs_it(name, run):
    changed = with_value(workdir.read_record(run), name, BELIEVED[name])
    workdir.write_json(run / "run.json", changed)
    with pytest.raises(GeoselfError, match=r"run\.json - its values do not match its own sha256"):
        load_trained(run)
    workdir.write_json(run / "run.json", {k: v for k, v in changed.items() if k != "sha256"})
    with pytest.raises(GeoselfError, match=f"sha256 is missing|run.json: {name}") as refused:
        load_trained(run)
    assert refused.value.code == DATA
    workdir.write_record(run, changed)
    with pytest.raises(GeoselfError, match=f"{name}=.* was saved with") as refused:
        load_trained(run)
    assert refused.value.code == DATA and len(str(refused.value)) < 500


def test_a_run_of_an_older_version_is_read_without_a_word(run, tiny_run, capsys):
    made_older(run)
    assert load_trained(run).facts == load_trained(tiny_run).facts
    assert capsys.readouterr() == ("", "")


def test_an_older_version_may_add_its_start(run):
    record = workdir.read_record(run)
    added = [*record["starts"], {"x": 1}]
    workdir.write_json(run / "run.json", record | {"starts": added})
    assert workdir.read_record(run)["starts"] == added
    workdir.write_json(run / "run.json", record | {"starts": ["x"]})
    with pytest.raises(GeoselfError, match="starts - wanted a list of tables"):
        workdir.read_record(run)


def test_changed_facts_of_a_checkpoint_are_damage(run, capsys):
    path = run / "checkpoints/last/20/meta/metadata"
    whole = path.read_text()
    for odd in (
        whole.replace('"best_step": ', '"best_step": 1'),
        whole.replace('"step": 20', '"step": 21'),
        whole.replace('"step": 20', '"step": true'),
        whole.replace("facts_sha256", "facts_sha255"),
        whole.replace('{"facts"', '{"facts": {}, "facts"'),
        whole[:-1],
    ):
        assert odd != whole
        path.write_text(odd)
        shutil.rmtree(run / "checkpoints/last/15", ignore_errors=True)
        with pytest.raises(GeoselfError, match="no checkpoint is whole"):
            load_trained(run)
        assert len(capsys.readouterr().out.splitlines()) == 1


LOADS = """
import sys
from pathlib import Path
from geoself_jax.runtime import cli, run_log
from geoself_jax.runtime.restore import load_trained

def main(argv):
    with run_log.logged(Path(argv[0])):
        load_trained(Path(argv[0]))
    return 0

cli.run(main)
"""


@pytest.mark.parametrize(
    ("name", "code", "kept"),
    [
        ("_CHECKPOINT_METADATA", 0, "Failed to json parse Metadata"),
        ("variables/manifest.ocdbt", DATA, "error: "),
    ],
)
def test_what_libraries_say_of_a_damaged_checkpoint_is_in_the_log_alone(name, code, kept, run):
    path = run / "checkpoints/last/20" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    done = run_python("-c", LOADS, str(run))
    assert done.returncode == code, done.stderr
    said = done.stderr.splitlines()
    assert len(said) == (code != 0) and all(line.startswith("error: ") for line in said)
    assert kept in (run / "log.txt").read_text()


def test_a_checkpoint_of_other_networks_is_not_continued(run, tiny_config, tiny_recording):
    for path in run.glob("checkpoints/last/*/meta/metadata"):
        meta = json.loads(path.read_text())
        meta["facts"]["networks"]["model"]["root_depth"] = 9.0
        meta["facts_sha256"] = json_files.values_sha256(meta["facts"])
        path.write_text(json.dumps(meta))
    with pytest.raises(GeoselfError, match=r"this run: model\.root_depth=.*saved with 9\.0"):
        train(tiny_config, run, tiny_recording)


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("frame_id", lambda a: a + 1),
        ("image_size", lambda a: a + [[[2, 0]]]),
        ("fps", lambda a: a * 2),
        ("world_up", lambda a: a + [1e-6, 0, 0]),
        ("clip_names", lambda a: (*a[:-1], "x")),
        ("subject_names", lambda a: (*a[:-1], "x")),
    ],
)
def test_the_array_that_differs_is_named(array, change, run, tiny_config, tiny_recording):
    other = dataclasses.replace(tiny_recording, **{array: change(getattr(tiny_recording, array))})
    with pytest.raises(GeoselfError, match=rf"differs from then: {array} - ") as refused:
        train(tiny_config, run, other)
    assert refused.value.code == WORKDIR


DAMAGED = [
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1e999}',
    b'{"a": 1, "a": 2}',
    b'{"a": %d}' % 10**30,
    b'{"a": ' + b"9" * 5000 + b"}",
    b"[" * 40 + b"]" * 40,
    b'{"a":' * 100_000,
    b'{"a": "\xff"}',
    b'{"a": 1',
    b"",
    b" " * (json_files.MOST_BYTES + 1),
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_json_that_this_package_never_writes_is_refused_in_one_line(content, run, tiny_export):
    export = shutil.copytree(tiny_export, run.parent / "export")
    (run / "run.json").write_bytes(content)
    (run / "evaluation.json").write_bytes(content)
    (export / "model.json").write_bytes(content)
    for name, read in (
        ("run.json", lambda: load_trained(run)),
        ("evaluation.json", lambda: read_evaluation(run / "evaluation.json")),
        ("model.json", lambda: load_exported(export)),
    ):
        with pytest.raises(GeoselfError, match=f"{name} - damaged: ") as refused:
            read()
        assert refused.value.code == DATA and len(str(refused.value)) < 500


def test_brackets_and_quotes_within_a_text_are_no_depth():
    deep = {"a": '["{' * 100 + "\\" * 3, "b": [{"c": '\\"'}] * 40}
    assert json_files.parse(json.dumps(deep).encode()) == deep


@pytest.mark.parametrize(
    "change",
    [
        {"mpjpe_mm": -1.0},
        {"mpjpe_mm": "x"},
        {"frames": 0.5},
        {"per_action": {"walk": {"mpjpe_mm": "x"}}},
        {"joint_notes": [5]},
    ],
)
def test_scores_of_another_kind_or_range_are_refused(change, tmp_path):
    path = tmp_path / "evaluation.json"
    scores = {"checkpoint_step": 20, "mpjpe_mm": 60.0, "auc": None}
    workdir.write_json(path, json_files.signed(scores))
    assert read_evaluation(path) == scores
    workdir.write_json(path, json_files.signed(scores) | change)
    with pytest.raises(GeoselfError, match=r"evaluation\.json - its values"):
        read_evaluation(path)
    workdir.write_json(path, json_files.signed(scores | change))
    with pytest.raises(GeoselfError, match=r"evaluation\.json: .*wanted"):
        read_evaluation(path)


def lines(*steps):
    return [json.dumps({"step": step, "time": 1.5, "loss": float("nan")}) + "\n" for step in steps]


def test_damaged_lines_of_metrics_are_set_aside_and_said_once(tmp_path):
    path, aside = tmp_path / "metrics.jsonl", tmp_path / metrics_lines.DAMAGED
    whole = lines(5, 10, 15, 20)
    assert metrics_lines.keep_lines(path, 10) == "" and not path.exists()
    path.write_text("".join(whole))
    assert metrics_lines.keep_lines(path, 20) == "" and path.read_text() == "".join(whole)
    odd = [b'{"step": 12, "lo\n', b"\xff\x00\n", b'{"step": "x"}\n', b"x" * 70_000 + b"\n"]
    path.write_bytes(b"".join([whole[0].encode(), *odd, whole[1].encode(), whole[3].encode()]))
    said = metrics_lines.keep_lines(path, 10)
    assert path.read_text() == "".join(whole[:2])
    assert aside.read_bytes() == b"".join(odd[:3]) + b"x" * 65_536 + b"\n" + b"x" * 4464 + b"\n"
    assert "damaged" in said and metrics_lines.DAMAGED in said and "\n" not in said
    assert metrics_lines.keep_lines(path, 10) == ""


def test_damaged_lines_are_set_aside_once_though_the_disk_refuses_the_rest(tmp_path):
    path, aside = tmp_path / "metrics.jsonl", tmp_path / metrics_lines.DAMAGED
    path.write_text("".join([*lines(*range(100)), "{}\n", '{"step": 1']))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        for _ in range(2):
            with pytest.raises(GeoselfError, match=r"metrics\.jsonl - ") as refused:
                metrics_lines.keep_lines(path, 100)
            assert refused.value.code == INPUT_OUTPUT
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert metrics_lines.keep_lines(path, 100) and aside.read_text() == '{}\n{"step": 1\n'
    with path.open("a") as stream:
        stream.write("[]\n")
    assert metrics_lines.keep_lines(path, 100) and aside.read_text() == '{}\n{"step": 1\n[]\n'


def test_a_last_line_that_a_kill_cut_short_is_set_aside_and_the_run_goes_on(
    run, tiny_config, tiny_recording, capsys
):
    shutil.rmtree(run / "checkpoints/last/20")
    with (run / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 25, "ti')
    assert train(tiny_config, run, tiny_recording).steps == 20
    said = [line for line in capsys.readouterr().err.splitlines() if "metrics" in line]
    assert len(said) == 1 and "its last line was cut short" in said[0]
    assert (run / metrics_lines.DAMAGED).read_text() == '{"step": 25, "ti\n'
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps)) and steps[-1] == 20


@pytest.mark.parametrize("text", [b'\\"', b"\\\\", b"["])
def test_a_text_without_an_end_is_refused_in_one_look(text):
    with pytest.raises(ValueError, match="Unterminated string"):
        json_files.parse(b'["' + 10**6 * text)


def test_scores_of_a_run_that_diverged_are_read_again(tmp_path):
    path, scores = tmp_path / "evaluation.json", {"mpjpe_mm": 3e13, "checkpoint_step": 2}
    workdir.write_json(path, json_files.signed(scores))
    assert read_evaluation(path) == scores
