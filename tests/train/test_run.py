import dataclasses
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from older_runs import made_older
from processes import environment, run_python

from geoself_jax.core import errors
from geoself_jax.core.config import split_where
from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.data import recording
from geoself_jax.runtime import checkpoints, workdir
from geoself_jax.runtime.restore import load_trained
from geoself_jax.runtime.run_lock import lock
from geoself_jax.train import __main__ as command
from geoself_jax.train import loop
from geoself_jax.train.run import train


def weights(folder: Path, which: str = "last"):
    return load_trained(folder, which).variables


def same(a, b) -> bool:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def metrics_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_its_record_metrics_events_and_checkpoints(tiny_run, tiny_config):
    record = workdir.read_record(tiny_run)
    assert record["config"] == json.loads(json.dumps(split_where(tiny_config)[0]))
    assert record["data"]["supervised_upper_bound"] is False
    assert [row["step"] for row in metrics_of(tiny_run)] == [1, 5, 10, 15, 20]
    assert "validation_triangulation_mm" in metrics_of(tiny_run)[-1]
    assert list((tiny_run / "tensorboard").iterdir())
    assert load_trained(tiny_run, "last").facts["step"] == 20
    best = load_trained(tiny_run, "best").facts
    scores = [row.get("validation_triangulation_mm", np.inf) for row in metrics_of(tiny_run)]
    assert best["validation_triangulation_mm"] == min(scores)


def test_a_finished_run_says_so_and_stays_as_it_is(tiny_run, tiny_config, tiny_recording, capsys):
    before = checkpoints.digest(weights(tiny_run))
    outcome = train(tiny_config, tiny_run, tiny_recording)
    assert outcome.message.startswith("already done") and not outcome.interrupted
    assert "continuing" not in capsys.readouterr().out
    assert checkpoints.digest(weights(tiny_run)) == before


def test_more_views_than_cameras_are_refused_before_anything_slow(
    tiny_config, tiny_recording, tmp_path, monkeypatch
):
    def slow(*_, **__):
        raise AssertionError("triangulated first")

    monkeypatch.setattr("geoself_jax.train.run.triangulate_in_units", slow)
    monkeypatch.setattr("geoself_jax.train.run.check_before_training", slow)
    objective = dataclasses.replace(tiny_config.objective, views=5)
    with pytest.raises(GeoselfError, match="views=5 - the recording has 4 views"):
        train(dataclasses.replace(tiny_config, objective=objective), tmp_path, tiny_recording)


def test_after_a_run_on_own_data_the_command_to_go_on_with_is_no_score_on_the_same():
    lines = command._then("runs/lab", "lab.npz").splitlines()
    assert lines[0].startswith("now: ")
    assert lines[0].endswith("geoself_jax.export --workdir=runs/lab --out=runs/lab/export")
    assert "other subjects" in lines[1] and lines[1].endswith("--data=OTHER.npz")
    made_up = command._then("runs/x", "synthetic:train")
    assert made_up.endswith("geoself_jax.evaluate --workdir=runs/x --data=synthetic:test")


@pytest.mark.e2e
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    train(tiny_config, tmp_path / "again", tiny_recording)
    assert same(weights(tmp_path / "again"), weights(tiny_run))
    train(dataclasses.replace(tiny_config, seed=1), tmp_path / "other", tiny_recording)
    assert not same(weights(tmp_path / "other"), weights(tiny_run))


def test_ground_truth_in_the_recording_changes_nothing(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    lies = dataclasses.replace(tiny_recording, pose_world=tiny_recording.pose_world * 7 + 1)
    train(tiny_config, tmp_path / "lies", lies)
    assert same(weights(tmp_path / "lies"), weights(tiny_run))


def test_a_run_of_an_older_version_without_todays_keys_is_still_the_same_run(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    older = tmp_path / "older"
    shutil.copytree(tiny_run, older)

    def as_then(record):
        for group, key in (("augmentation", "exchange"), ("objective", "label_weight")):
            del record["config"][group][key]
        for group in (record["config"]["model"], record["model"]):
            del group["frames"], group["confidence"]

    made_older(older, as_then)
    assert train(tiny_config, older, tiny_recording).message.startswith("already done")
    assert same(weights(older), weights(tiny_run))
    model = dataclasses.replace(tiny_config.model, confidence=True)
    with pytest.raises(GeoselfError, match="confidence"):
        train(dataclasses.replace(tiny_config, model=model), older, tiny_recording)


def test_values_that_no_flag_could_set_are_refused_from_python_too(
    tiny_config, tiny_recording, tmp_path
):
    wrong = [
        dataclasses.replace(
            tiny_config, optimizer=dataclasses.replace(tiny_config.optimizer, learning_rate=-0.01)
        ),
        dataclasses.replace(tiny_config, model=dataclasses.replace(tiny_config.model, input="foo")),
    ]
    for config in wrong:
        with pytest.raises(GeoselfError) as error:
            train(config, tmp_path / "run", tiny_recording)
        assert error.value.code == errors.USAGE
    assert not (tmp_path / "run").exists()


def test_another_configuration_in_the_same_folder_is_refused(tiny_run, tiny_config, tiny_recording):
    other = dataclasses.replace(tiny_config, seed=5)
    with pytest.raises(GeoselfError, match=r"config\.seed=0, not 5") as refused:
        train(other, tiny_run, tiny_recording)
    assert refused.value.code == errors.WORKDIR


def test_a_changed_calibration_in_the_same_folder_is_refused(tiny_run, tiny_config, tiny_arrays):
    """Continuing on other cameras would mix two calibrations in one network."""
    moved = {**tiny_arrays, "center": tiny_arrays["center"] + 0.001}
    with pytest.raises(GeoselfError, match="differs from then: center - ") as refused:
        train(tiny_config, tiny_run, recording.from_arrays(moved, "moved"))
    assert refused.value.code == errors.WORKDIR


def test_with_nothing_held_out_the_newest_weights_are_the_best(
    tiny_config, tiny_recording, tmp_path
):
    data = dataclasses.replace(tiny_config.data, validation_share=0.0)
    train(dataclasses.replace(tiny_config, data=data), tmp_path / "run", tiny_recording)
    assert load_trained(tmp_path / "run", "best").facts["step"] == 20
    assert same(weights(tmp_path / "run", "best"), weights(tmp_path / "run", "last"))


def test_the_64_bit_mode_of_another_package_changes_no_bit_of_a_run(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    data = dataclasses.replace(tiny_config.data, device_bytes=0)  # a thread feeds the devices
    jax.config.update("jax_enable_x64", True)
    try:
        train(tiny_config, tmp_path / "run", tiny_recording)
        train(dataclasses.replace(tiny_config, data=data), tmp_path / "fed", tiny_recording)
        assert jax.config.jax_enable_x64
    finally:
        jax.config.update("jax_enable_x64", False)
    assert same(weights(tmp_path / "run"), weights(tiny_run))
    leaves = jax.tree.leaves(weights(tmp_path / "fed"))
    assert all(leaf.dtype == np.float32 and np.isfinite(leaf).all() for leaf in leaves)


def test_two_runs_in_one_folder_at_once_are_refused(tiny_run, tiny_config, tiny_recording):
    with lock(tiny_run), pytest.raises(GeoselfError, match="in use") as refused:
        train(tiny_config, tiny_run, tiny_recording)
    assert refused.value.code == errors.WORKDIR


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_what_was_saved(
    tiny_config, tiny_recording, tmp_path, monkeypatch
):
    """From the fourth call on the cameras are not finite, as a broken input would be."""
    original, calls = loop.compile_call, []

    def poisoning(*arguments):
        advance = original(*arguments)

        def poisoned(state, data, given):
            calls.append(1)
            if len(calls) > 3:
                center = data.camera.center * np.nan
                data = data._replace(camera=data.camera._replace(center=center))
            return advance(state, data, given)

        return poisoned

    monkeypatch.setattr(loop, "compile_call", poisoning)
    config = dataclasses.replace(
        tiny_config,
        objective=dataclasses.replace(tiny_config.objective, name="transform"),
        schedule=dataclasses.replace(tiny_config.schedule, save_minutes=0.0),
    )
    with pytest.raises(GeoselfError, match=r"step 13: .* not finite 3 times in a row") as diverged:
        train(config, tmp_path / "run", tiny_recording)
    assert diverged.value.code == errors.DIVERGED
    kept = load_trained(tmp_path / "run", "last")
    assert kept.facts["step"] == 10
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(kept.variables))


def test_a_picture_that_fails_ends_nothing_and_any_other_error_keeps_the_best(
    tiny_config, tiny_recording, tmp_path, monkeypatch, capsys
):
    original, calls = loop.compile_call, []

    def failing(*arguments):
        advance = original(*arguments)

        def call(*inputs):
            calls.append(1)
            if len(calls) > 3:
                raise RuntimeError("the device is lost")
            return advance(*inputs)

        return call

    def no_picture(held):
        raise ValueError("no font")

    monkeypatch.setattr(loop, "compile_call", failing)
    monkeypatch.setattr(loop, "picture", no_picture)
    with pytest.raises(RuntimeError, match="lost"):
        train(tiny_config, tmp_path / "run", tiny_recording)
    warned = [line for line in capsys.readouterr().err.splitlines() if "no font" in line]
    assert len(calls) == 4 and len(warned) == 1 and warned[0].endswith("goes on without pictures")
    name = "validation_triangulation_mm"
    scores = {row["step"]: row[name] for row in metrics_of(tmp_path / "run") if name in row}
    best = min(scores, key=scores.get)
    assert scores.keys() == {5, 10} and load_trained(tmp_path / "run", "best").facts["step"] == best


def test_a_full_disk_is_one_line_with_code_74(tmp_path):
    """A limit on the size of a file is what a process can have of a full disk."""
    code = (
        "import resource, signal, sys, numpy as np, jax.numpy as jnp\n"
        "from pathlib import Path\n"
        "from geoself_jax.runtime import checkpoints, cli\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "folder = Path(sys.argv[1])\n"
        "tree = {'a': jnp.asarray(np.random.default_rng(0).normal(size=200_000))}\n"
        "save = lambda n: checkpoints.save(folder, n, {'x': tree}, keep=2, facts={'step': n})\n"
        "save(1)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "cli.run(lambda argv: save(2))\n"
    )
    done = run_python("-c", code, str(tmp_path / "last"))
    assert done.returncode == errors.INPUT_OUTPUT, done.stderr
    lines = done.stderr.splitlines()  # Orbax has a page of tracebacks for it
    assert len(lines) == 1 and lines[0].startswith(f"error: {tmp_path / 'last/2'} - 800.0 kB are")
    assert "up to 65.5 kB; checkpoint 1 stays, whole - raise that (ulimit -f)" in lines[0]
    assert not list(tmp_path.glob("last/*tmp*"))
    like = {"x": {"a": np.zeros(200_000, np.float32)}}
    assert checkpoints.restore_latest(tmp_path / "last", like)[1] == {"step": 1}


@pytest.mark.parametrize("changes", [{"length": 1}, {"length": 0, "pretrain": 3}])
def test_the_shortest_schedules_make_an_optimizer(changes):
    from geoself_jax.core.config import OptimizerConfig, ScheduleConfig

    schedule = ScheduleConfig(**changes)
    total = schedule.pretrain + schedule.length
    for warmup in (0.0, 1.0):
        make_optimizer(OptimizerConfig(warmup=warmup), schedule.pretrain, total)


@pytest.mark.parametrize("by", ["environment", "gpu", "tpu"])
def test_a_device_that_is_not_there_is_one_line_with_code_69(tmp_path, tiny_file, by):
    config = tmp_path / "config.py"
    config.write_text(CONFIG.format(data=str(tiny_file)))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "geoself_jax.train", f"--config={config}", "--workdir=x"),
            *([] if by == "environment" else [f"--config.device={by}"]),
        ],
        env=environment() | ({"JAX_PLATFORMS": "cuda"} if by == "environment" else {}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == errors.UNAVAILABLE, done.stderr
    assert "Traceback" not in done.stderr and "error: no device" in done.stderr


def test_a_flipped_bit_is_found_and_the_checkpoint_before_it_is_used(tmp_path):
    tree = {"a": np.arange(4000, dtype=np.float32), "b": np.ones((3, 3), np.float32)}
    folder = tmp_path / "last"
    for number in (1, 2):
        scaled = jax.tree.map(lambda x, n=number: jax.numpy.asarray(x * n), tree)
        checkpoints.save(folder, number, {"variables": scaled}, keep=2, facts={"step": number})
    newest = [p for p in (folder / "2").rglob("*") if p.is_file() and p.stat().st_size > 500]
    data = max(newest, key=lambda p: p.stat().st_size)
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 4
    data.write_bytes(bytes(content))
    like = jax.tree.map(jax.numpy.asarray, tree)
    warnings = []
    found, facts = checkpoints.restore_latest(
        folder, {"variables": like}, warn=warnings.append, set_aside=True
    )
    assert facts["step"] == 1 and same(found["variables"], tree)
    assert "2 is damaged" in warnings[0]
    assert (tmp_path / "damaged/last-2").is_dir()  # set aside, not deleted
    shutil.rmtree(folder / "1" / "variables")
    with pytest.raises(GeoselfError, match="no checkpoint is whole") as refused:
        checkpoints.restore_latest(folder, {"variables": like}, warn=warnings.append)
    assert refused.value.code == errors.DATA


CONFIG = """
from geoself_jax.core.config import *
def get_config():
    return Config(
        data=DataConfig(train={data!r}, validation_share=0.2),
        model=ModelConfig(width=16, blocks=1, layers=1, root_width=16, root_blocks=1),
        objective=ObjectiveConfig(name="transform"),
        augmentation=AugmentationConfig(share=0.5),
        schedule=ScheduleConfig(length=800, pretrain=40, batch=32, call=10, validate=10),
    )
"""


def start(tmp_path: Path, tiny_file: Path, folder: str) -> subprocess.Popen:
    config = tmp_path / "config.py"
    config.write_text(CONFIG.format(data=str(tiny_file)))
    return subprocess.Popen(
        [sys.executable, "-m", "geoself_jax.train", f"--config={config}"]
        + [f"--workdir={tmp_path / folder}"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def steps_done(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return json.loads(lines[-1])["step"] if lines and lines[-1].endswith("}") else 0


@pytest.mark.e2e
def test_stopped_by_ctrl_c_or_kill_and_run_again_it_ends_in_the_unbroken_runs_weights(
    tmp_path, tiny_file
):
    unbroken = start(tmp_path, tiny_file, "unbroken")
    assert unbroken.wait(400) == 0, unbroken.stderr.read()
    chance = random.Random(0)
    for number, code in ((signal.SIGINT, 75), (signal.SIGTERM, 75), (signal.SIGKILL, -9)):
        stop_at = steps_done(tmp_path / "broken") + chance.randrange(30, 200)
        process = start(tmp_path, tiny_file, "broken")
        deadline = time.monotonic() + 300
        while steps_done(tmp_path / "broken") < stop_at and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=200)
        assert process.returncode == code, err
        assert "Traceback" not in err
        if code == 75:
            assert "interrupted: saved step" in err and "the same command continues" in err
    last = start(tmp_path, tiny_file, "broken")
    out, err = last.communicate(timeout=400)
    assert last.returncode == 0, err
    assert "continuing" in out
    assert same(weights(tmp_path / "broken"), weights(tmp_path / "unbroken"))
    timed = {"time", "steps_per_second"}
    broken, whole = (
        [{name: row[name] for name in row.keys() - timed} for row in metrics_of(tmp_path / run)]
        for run in ("broken", "unbroken")
    )
    assert broken == whole
