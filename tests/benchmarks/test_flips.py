"""benchmarks.flips finds a silent change, and there is none."""

import random
import shutil
from collections import Counter

import pytest

from benchmarks.flips.__main__ import changed_files, table
from benchmarks.flips.changing import changes, flip_file, group_of, outcome
from benchmarks.flips.reading import Reader
from geoself_jax.runtime import workdir


@pytest.fixture(scope="module")
def reader(tiny_run, tiny_recording):
    return Reader(tiny_recording.select(slice(0, 4)), tiny_run)


@pytest.fixture
def folders(evaluated_run, tiny_export, tmp_path):
    return shutil.copytree(evaluated_run, tmp_path / "run"), shutil.copytree(
        tiny_export, tmp_path / "export"
    )


def test_no_change_of_a_record_the_weights_or_the_facts_is_silent(reader, folders):
    run, export = folders
    before = {name: (run / name).read_bytes() for name in changed_files(run)}
    files = [(run, name) for name in ("run.json", "metrics.jsonl", "training_sample.npz")]
    files += [(export, name) for name in ("model.json", "model.safetensors", "model.stablehlo")]
    files += [(run, name) for name in changed_files(run) if name.endswith("meta/metadata")]
    total = Counter()
    for folder, name in files:
        counts, bad = flip_file(reader, folder, name, 2, 0)
        assert not bad and counts["refused"] + counts["set aside"] > 0, (name, counts)
        total += counts
    assert sum(total.values()) == 8 * len(files)
    assert {name: (run / name).read_bytes() for name in changed_files(run)} == before


def test_a_change_that_nothing_finds_is_called_silent(reader, folders):
    run, _ = folders
    whole = reader.read(run, "run.json")
    (run / "training_sample.npz").unlink()  # as of an older run: nothing misses it
    assert outcome(reader, run, "training_sample.npz", whole)[0] == "SILENT"
    record = workdir.read_record(run)
    workdir.write_record(run, record | {"format": "x"})
    assert outcome(reader, run, "run.json", whole)[0] == "refused"
    (run / "run.json").unlink()
    (run / "run.json").mkdir()
    assert outcome(reader, run, "run.json", whole)[0] == "refused"


def test_changes_are_in_every_region_and_change_something():
    found = list(changes(bytes(1000), 5, random.Random(0)))
    assert len(found) == 11 and all(0 < by < 256 for _, by in found)
    places = [place for place, _ in found]
    assert {0, 500, 999, 995} <= set(places) and list(changes(b"", 5, random.Random(0))) == []


def test_files_of_one_kind_are_one_row():
    name = f"checkpoints/last/40/variables/d/{'0a' * 16}"
    assert group_of(name) == "checkpoints/last/STEP/variables/d/..."
    lines = table([{"file": name, "files": 2, "bytes": 5, "refused": 3}])
    assert lines[-1].split()[:4] == ["all", "2", "5", "3"]
