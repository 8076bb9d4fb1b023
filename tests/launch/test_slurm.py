"""launch/slurm.sbatch against fakes of srun and scontrol: what it asks and queues again."""

import os
import subprocess
from pathlib import Path

import pytest
from fake_cloud import HOSTILE, HOSTILE_TO_SHLEX, LAUNCH, listening

SCRIPT = LAUNCH / "slurm.sbatch"
# Both write their words, NUL-separated and counted; srun's end is in the environment.
NOTES = r"""#!/usr/bin/env bash
words=("${0##*/}" "$@")
printf '%s\0' "${#words[@]}" "${words[@]}" >>"$NOTES"
"""
SRUN = NOTES + '[[ -z $CANCELLED ]] || kill -TERM "$PPID"\nexit "${TRAINING_CODE:-0}"\n'
SCONTROL = NOTES + 'exit "${SCONTROL_CODE:-0}"\n'


@pytest.fixture
def job(tmp_path: Path):
    """Runs the script as Slurm's job 7; returns how it ended and what it called."""
    (tmp_path / "bin").mkdir()
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)

    def run(*words: str, **environment: str):
        slurm = {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "8"}
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [*listening(), "bash", SCRIPT, *words],
            cwd=tmp_path,
            env={"PATH": path, "NOTES": str(tmp_path / "notes"), **slurm, **environment},
            capture_output=True,
            text=True,
            timeout=20,
        )
        parts = iter((tmp_path / "notes").read_text().split("\0")[:-1])
        return done, [[next(parts) for _ in range(int(count))] for count in parts]

    yield run
    assert not (tmp_path / "canary").exists(), "a hostile value was executed"


def directives() -> dict[str, str]:
    """What the script asks of sbatch; sbatch reads no further than the first command."""
    asked = {}
    for line in SCRIPT.read_text().splitlines():
        if line and not line.startswith("#"):
            break
        if line.startswith("#SBATCH --"):
            name, _, value = line.removeprefix("#SBATCH --").partition("=")
            asked[name] = value
    return asked


def test_the_job_asks_for_a_warning_to_its_steps_and_for_one_task_a_node() -> None:
    asked = directives()
    assert asked["signal"] == "TERM@120"  # no B: of the training, not of the script
    assert "requeue" in asked and asked["open-mode"] == "append"  # one log for all its lives
    assert asked["nodes"] == asked["ntasks-per-node"] == asked["gpus-per-node"] == "1"
    assert "gpus-per-task" not in asked and "gpu-bind" not in asked
    code = [line for line in SCRIPT.read_text().splitlines() if not line.startswith("#")]
    assert "CUDA_VISIBLE_DEVICES" not in "\n".join(code)


def test_it_trains_with_one_task_a_node_that_is_not_killed_while_it_saves(job) -> None:
    done, (srun,) = job("--config=configs/x.py", "--workdir=runs/x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    flags = ["--ntasks-per-node=1", "--cpus-per-task=8", "--kill-on-bad-exit=0", "--wait=0"]
    training = [".venv/bin/python", "-m", "geoself_jax.train", "--config.device=gpu"]
    assert srun == ["srun", *flags, *training, "--config=configs/x.py", "--workdir=runs/x"]


def test_training_arguments_and_the_python_stay_what_they_are_whatever_they_hold(job) -> None:
    python = "/opt/my env/$(touch canary)/python"
    _, (srun,) = job(*HOSTILE, *HOSTILE_TO_SHLEX, GEOSELF_PYTHON=python)
    assert srun[5] == python and srun[9:] == [*HOSTILE, *HOSTILE_TO_SHLEX]


def test_interrupted_and_saved_it_is_queued_again(job) -> None:
    done, (_, again) = job(TRAINING_CODE="75", SLURM_RESTART_COUNT="19")
    assert again == ["scontrol", "requeue", "7"]
    assert done.returncode == 75 and done.stderr == ""


@pytest.mark.parametrize("code", ["0", "1", "64", "65", "66", "69", "70", "73", "74", "134", "143"])
def test_any_other_exit_code_is_the_jobs_and_ends_it(job, code: str) -> None:
    done, calls = job(TRAINING_CODE=code)
    assert done.returncode == int(code) and [call[0] for call in calls] == ["srun"]


def test_cancelled_it_is_not_queued_again_though_it_saved(job) -> None:
    done, calls = job(TRAINING_CODE="75", CANCELLED="yes")
    assert done.returncode == 75 and [call[0] for call in calls] == ["srun"]


def test_it_is_queued_again_at_most_twenty_times(job) -> None:
    done, calls = job(TRAINING_CODE="75", SLURM_RESTART_COUNT="20")
    assert done.returncode == 75 and [call[0] for call in calls] == ["srun"]
    assert done.stderr.startswith("error: job 7 - queued again 20 times already - ")


def test_a_queueing_again_that_fails_is_reported(job) -> None:
    done, _ = job(TRAINING_CODE="75", SCONTROL_CODE="3")
    assert done.returncode == 75
    assert done.stderr.startswith("error: job 7 - scontrol requeue failed with exit code 3 - ")
