"""TensorFlow Datasets without TensorFlow: built, read back bit for bit, trained from."""

import dataclasses
import functools
import hashlib
import json
import signal
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from processes import run_python
from small_disks import run_with_small_disk

from geoself_jax.core import sampling
from geoself_jax.core.config import AugmentationConfig
from geoself_jax.core.errors import DATA, INPUT_OUTPUT, MISSING, UNAVAILABLE, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording, sources
from geoself_jax.data.tfds import clips as tfds_clips
from geoself_jax.data.tfds import names, reading, records, shared
from geoself_jax.data.training_set import training_views, triangulate_recording
from geoself_jax.prepare.tfds import build as building
from geoself_jax.prepare.tfds import build_command, manual
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train


def silent(_: str) -> None:
    pass


def load(source):
    return sources.load(source, synthetic_frames=1)


def build(data_dir, *files, **options):
    named = names.Source("geoself_prepared", options.pop("name", None), data_dir=str(data_dir))
    return building.build(named, None, list(files), notice=silent, **options)


def arrays_of(source):
    """The arrays before anything is computed from them."""
    named = names.parse(source)
    entry = reading.read_metadata(named)["splits"][named.split]
    common = {name: shared.from_json(value, name) for name, value in entry["shared"].items()}
    types, clips = reading._records(named, named.split)
    return records.arrays_from(clips, common, types, entry["truth"], source)


def assert_same_bits(got, wanted):
    assert set(got) == set(wanted)
    for name, array in wanted.items():
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape), name
        assert got[name].tobytes() == array.tobytes(), name


@pytest.fixture(scope="module")
def data_dir(tiny_file, tmp_path_factory):
    """Where the tiny recording is built."""
    folder = tmp_path_factory.mktemp("tfds")
    build(folder, tiny_file)
    return folder


@pytest.fixture(scope="module")
def source(data_dir):
    return f"tfds:geoself_prepared@{data_dir}"


def test_a_built_file_gives_every_array_back_bit_for_bit(tiny_arrays, data_dir):
    assert_same_bits(arrays_of(f"tfds:geoself_prepared#tiny@{data_dir}"), tiny_arrays)


def test_it_is_the_same_recording_with_the_same_fingerprint(source, tiny_recording):
    read = load(source)
    assert read.fingerprint == tiny_recording.fingerprint
    for field in dataclasses.fields(read):
        jax.tree.map(
            np.testing.assert_array_equal,
            getattr(read, field.name),
            getattr(tiny_recording, field.name),
        )


def test_batches_are_bit_identical_to_those_of_the_file(source, tiny_recording):
    draw = jax.jit(
        functools.partial(
            sampling.draw_batch,
            batch=64,
            views=2,
            augmentation=AugmentationConfig(share=0.5),
            skeleton=H36M_17,
        )
    )

    def batches(whole):
        clean = whole.without_ground_truth()
        views = jax.tree.map(jnp.asarray, training_views(clean, triangulate_recording(clean)))
        return [draw(views, jax.random.key(step)) for step in range(5)]

    for ours, theirs in zip(batches(load(source)), batches(tiny_recording), strict=True):
        for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_twenty_steps_from_it_end_in_the_same_weights(source, tiny_config, tiny_run, tmp_path):
    config = dataclasses.replace(
        tiny_config, data=dataclasses.replace(tiny_config.data, train=source)
    )
    assert train(config, tmp_path / "run", load(config.data.train)).steps == 20
    ours, theirs = (load_trained(run).variables for run in (tmp_path / "run", tiny_run))
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_other_types_frames_out_of_order_and_names_without_frames_are_kept(tiny_arrays, tmp_path):
    order = np.random.default_rng(0).permutation(240)
    odd = {
        name: array[order] if len(array.shape) and len(array) == 240 else array
        for name, array in tiny_arrays.items()
    }
    for name in ("dist", "pose_world", "world_up"):
        del odd[name]
    odd |= {
        "keypoints_2d": odd["keypoints_2d"].astype(np.float64) + 1e-9,
        "confidence": odd["confidence"].astype(np.float16),
        "clip_id": odd["clip_id"].astype(np.int64),
        "rig_id": odd["rig_id"].astype(np.uint8),
        "K": odd["K"].astype(np.float32),
        "clip_names": np.array([*odd["clip_names"], "nothing in it"], "U40"),
        "clip_actions": np.array([*odd["clip_actions"], "ねる"]),
        "subject_names": np.array([*odd["subject_names"], "nobody"]),
        "left_right": np.empty((0, 2), np.int64),
    }
    np.savez(tmp_path / "odd.npz", **odd)
    build(tmp_path, tmp_path / "odd.npz")
    assert_same_bits(arrays_of(f"tfds:geoself_prepared#odd@{tmp_path}"), odd)


def test_clips_keep_their_order_in_many_shards(tiny_file, tiny_recording, tmp_path, monkeypatch):
    monkeypatch.setattr(tfds_clips, "SHARD_BYTES", 60_000)
    build(tmp_path, tiny_file)
    assert len(list(tmp_path.glob("*/*/*.array_record*"))) == 3
    assert load(f"tfds:geoself_prepared@{tmp_path}").fingerprint == tiny_recording.fingerprint


def test_a_record_is_a_clip_that_other_programs_can_read(data_dir, tiny_arrays):
    import tensorflow_datasets as tfds

    folder = data_dir / "geoself_prepared" / names.VERSION
    clips = tfds.builder_from_directory(str(folder)).as_data_source("tiny")
    assert len(clips) == 6
    clip, here = clips[3], tiny_arrays["clip_id"] == 3
    assert (clip["clip"], clip["action"], clip["subject"]) == (b"clip3", b"waving", b"bela")
    np.testing.assert_array_equal(clip["keypoints_2d"], tiny_arrays["keypoints_2d"][here])
    np.testing.assert_array_equal(clip["K"], tiny_arrays["K"][1])
    assert clip["fps"] == 25


def test_each_file_is_a_split_and_a_name_distinguishes_builds(tiny_arrays, tiny_file, tmp_path):
    np.savez(tmp_path / "train.npz", **tiny_arrays)
    blind = {name: array for name, array in tiny_arrays.items() if name != "pose_world"}
    np.savez(tmp_path / "no-truth.npz", **blind)
    build(tmp_path, tmp_path / "train.npz", tmp_path / "no-truth.npz", name="both")
    source = f"tfds:geoself_prepared/both:1.0.0{{}}@{tmp_path}"
    assert load(source.format("")).pose_world is not None
    assert load(source.format("#no_truth")).pose_world is None
    with pytest.raises(GeoselfError, match="no split 'notruth' - did you mean 'no_truth'") as error:
        load(source.format("#notruth"))
    assert error.value.code == USAGE


def test_tensorflow_is_never_imported_nor_anything_downloaded(tiny_file, tmp_path):
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('the network')\n"
        "socket.socket.connect = refuse\n"
        "from geoself_jax import tfds_build\n"
        "from geoself_jax.data import sources\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
        f"sources.load({str(tiny_file)!r}, synthetic_frames=1)\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
        f"tfds_build.main(['--dataset=prepared', '--input={tiny_file}', '--data-dir={tmp_path}'])\n"
        f"sources.load('tfds:geoself_prepared@{tmp_path}', synthetic_frames=1)\n"
        "assert 'tensorflow_datasets' in sys.modules and 'tensorflow' not in sys.modules\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr


def test_the_command_prints_the_folder_and_how_to_train_from_it(tiny_file, tmp_path, capsys):
    arguments = ["--dataset=prepared", f"--manual-dir={tiny_file.parent}", f"--data-dir={tmp_path}"]
    assert build_command.main([*arguments, "--name=first"]) == 0
    printed = capsys.readouterr()
    folder = tmp_path / "geoself_prepared/first/1.0.0"
    assert f"built: {folder}" in printed.out and "tiny: 6 clips" in printed.out
    named = printed.out.split("--config.data.train=")[1].strip()
    assert named == f"tfds:geoself_prepared/first@{tmp_path}"
    assert load(named).frames == 240
    digest = hashlib.sha256(tiny_file.read_bytes()).hexdigest()
    assert f"{digest}  tiny.npz" in printed.err
    noted = json.loads((folder / "metadata.json").read_text())["manual_files"]
    assert noted == [{"name": "tiny.npz", "size": tiny_file.stat().st_size, "sha256": digest}]
    with pytest.raises(GeoselfError, match=r"first/1\.0\.0 - is there already - add --overwrite"):
        build_command.main([*arguments, "--name=first"])
    assert build_command.main([*arguments, "--name=first", "--overwrite"]) == 0


def test_a_build_that_fails_leaves_the_old_one(tiny_file, tiny_arrays, tmp_path):
    build(tmp_path, tiny_file)
    bad = tiny_arrays | {"K": tiny_arrays["K"] * np.nan}
    np.savez(tmp_path / "tiny.npz", **bad)
    with pytest.raises(GeoselfError, match="K of rig rig0, camera cam0 is not finite"):
        build(tmp_path, tmp_path / "tiny.npz", overwrite=True)
    assert load(f"tfds:geoself_prepared@{tmp_path}").frames == 240
    assert [path.name for path in (tmp_path / "geoself_prepared").iterdir()] == ["1.0.0"]


def test_checksums_are_compared_file_by_file(tiny_file, tmp_path):
    digest, listed = hashlib.sha256(tiny_file.read_bytes()).hexdigest(), tmp_path / "SHA256SUMS"

    def attempt(text, **options):
        listed.write_text(text)
        return build(tmp_path, tiny_file, checksums=listed, **options)

    for text, message in (
        (f"{'0' * 64}  tiny.npz\n", f"tiny.npz: SHA-256 {digest} - .*SHA256SUMS wants 0000"),
        (f"{digest}  other.npz\n", "SHA256SUMS: no line for tiny.npz"),
        ("not a list\n", "SHA256SUMS: line 1 - wanted SHA256  NAME"),
    ):
        with pytest.raises(GeoselfError, match=message) as error:
            attempt(text)
        assert error.value.code == DATA
        assert not (tmp_path / "geoself_prepared").exists()
    assert attempt(f"{digest} *./tiny.npz\n").splits["tiny"][0] == 6


@pytest.mark.parametrize(
    ("source", "message", "code"),
    [
        ("tfds:geoself_humann36m", "data set 'geoself_humann36m'.*'geoself_human36m'", USAGE),
        ("tfds:human", "data set 'human' - no such data set - did you mean 'human36m'", USAGE),
        ("tfds:", "wanted tfds:NAME", USAGE),
        ("tfds:geoself_aist:9.9.9", "reads version 1.0.0", USAGE),
        ("tfds:geoself_aist/../x@/nowhere", "name '../x' - wanted letters", USAGE),
        (
            "tfds:geoself_human36m/cpn@/nowhere",
            "is not built in /nowhere - python -m geoself_jax.tfds_build --dataset=human36m "
            "--manual-dir=DIR --name=cpn --data-dir=/nowhere",
            MISSING,
        ),
    ],
)
def test_a_source_that_is_not_there_is_one_line(source, message, code):
    with pytest.raises(GeoselfError, match=message) as error:
        load(source)
    assert error.value.code == code


def test_the_error_lists_builds_under_other_names(tiny_file, tmp_path):
    build(tmp_path, tiny_file, name="mine")
    with pytest.raises(GeoselfError, match=r"built under the names \['mine'\]"):
        load(f"tfds:geoself_prepared@{tmp_path}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("human36m", ("data_2d_h36m_", "licence", "data_3d_h36m.npz")),
        ("mpi_inf_3dhp", ("annot.mat", "licence", "camera.calibration")),
        ("aist", ("keypoints2d", "terms", "mapping.txt")),
        ("prepared", (".npz", "geoself-multiview/1")),
    ],
)
def test_the_error_for_missing_files_names_what_to_get(name, words, tmp_path):
    with pytest.raises(GeoselfError) as error:
        build_command.main(
            [f"--dataset={name}", f"--manual-dir={tmp_path}", f"--data-dir={tmp_path}"]
        )
    assert error.value.code == MISSING and str(tmp_path) in str(error.value)
    assert all(word in str(error.value) for word in words)


def test_two_detectors_must_be_chosen_from(tmp_path):
    for name in ("data_2d_h36m_gt.npz", "data_2d_h36m_cpn.npz"):
        (tmp_path / name).touch()
    with pytest.raises(GeoselfError, match=r"data_2d_h36m_cpn\.npz, data_2d_h36m_gt\.npz"):
        manual.find("geoself_human36m", tmp_path)


def test_without_its_packages_the_error_names_what_to_install(source):
    code = (
        "import sys\n"
        "sys.modules['tensorflow_datasets'] = None\n"
        "from geoself_jax.runtime import cli\n"
        "from geoself_jax.data import sources\n"
        f"cli.run(lambda _: sources.load({source!r}, synthetic_frames=1))\n"
    )
    done = run_python("-c", code)
    assert done.returncode == UNAVAILABLE
    assert "pip install tensorflow-datasets array_record" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def damaged(tiny_file, tmp_path):
    """A build whose files a test spoils, and its source."""
    build(tmp_path, tiny_file)
    return tmp_path / "geoself_prepared" / names.VERSION, f"tfds:geoself_prepared@{tmp_path}"


def refusal(source):
    with pytest.raises(GeoselfError) as error:
        load(source)
    assert error.value.code == DATA
    return str(error.value)


@pytest.mark.parametrize("spoil", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 999])
def test_damaged_records_are_refused(damaged, spoil):
    folder, source = damaged
    (file,) = folder.glob("*.array_record*")
    file.write_bytes(spoil(file.read_bytes()))
    assert "damaged" in refusal(source) and "--overwrite" in refusal(source)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: m.update(splits={}), "no splits"),
        (lambda m: m.update(splits=[1]), "no splits"),
        (lambda m: m["types"].update(K="O"), "type 'O'"),
        (lambda m: m["types"].update(x="<f4"), "types"),
        (lambda m: m["types"].pop("K"), "damaged"),
        (lambda m: m["splits"]["tiny"]["shared"]["K"].update(shape=[10**12]), "tiny: K"),
        (lambda m: m["splits"]["tiny"]["shared"]["K"].update(dtype="V9"), "type 'V9'"),
        (lambda m: m["splits"]["tiny"]["shared"]["root"].update(values=["x"]), "tiny: root"),
        (lambda m: m["splits"]["tiny"]["shared"].pop("fps"), "no array 'fps'"),
        (
            lambda m: m["splits"]["tiny"]["shared"]["center"]["values"].__setitem__(0, 7.0),
            "record 0: center is not that of rig 0",
        ),
        (lambda m: m["splits"]["tiny"].update(shared=3), "no splits"),
    ],
)
def test_damaged_metadata_are_refused(damaged, spoil, message):
    folder, source = damaged
    metadata = json.loads((folder / "metadata.json").read_text())
    spoil(metadata)
    (folder / "metadata.json").write_text(json.dumps(metadata))
    assert message in refusal(source)


@pytest.mark.parametrize("text", ["{", "[]", "3", "{}"])
def test_metadata_that_are_not_a_table_are_refused(damaged, text):
    folder, source = damaged
    (folder / "metadata.json").write_text(text)
    assert "metadata.json" in refusal(source)


def test_human36m_is_split_by_subjects_and_is_what_its_reader_gives(tmp_path):
    from geoself_jax.prepare.assemble import assemble
    from geoself_jax.prepare.clip import ReadOptions
    from geoself_jax.prepare.datasets import videopose3d

    rng = np.random.default_rng(0)
    detected = {
        subject: {
            take: [rng.uniform(100, 900, (30, 17, 2)).astype(np.float32) for _ in range(4)]
            for take in ("Walking 1", "Greeting")
        }
        for subject in ("S1", "S2", "S5", "S9", "S11")
    }
    sides = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": sides}
    path = tmp_path / "data_2d_h36m_cpn_ft_h36m_dbb.npz"
    np.savez_compressed(path, positions_2d=detected, metadata=metadata)
    named = names.Source("geoself_human36m", data_dir=str(tmp_path))
    built = building.build(named, tmp_path, notice=silent)
    assert {split: clips for split, (clips, _) in built.splits.items()} == {
        "train": 4,
        "test": 4,
        "unlabeled": 2,
    }
    for split, subjects in manual.DATA_SETS[named.name].subjects.items():
        clips = videopose3d.read([path], ReadOptions()).clips
        wanted = assemble(clip for clip in clips if clip.subject in subjects)
        source = f"tfds:geoself_human36m#{split}@{tmp_path}"
        assert_same_bits(arrays_of(source), wanted)
        assert load(source).fingerprint == recording.from_arrays(wanted, "").fingerprint
    assert "tensorflow" not in sys.modules


def test_the_builder_works_as_any_other_of_tfds(tiny_file, tiny_recording, tmp_path):
    import tensorflow_datasets as tfds

    made = tfds.builder("geoself_prepared", data_dir=str(tmp_path), file_format="array_record")
    options = tfds.download.DownloadConfig(manual_dir=str(tiny_file.parent))
    made.download_and_prepare(download_config=options)
    assert len(made.as_data_source("tiny")) == 6
    assert load(f"tfds:geoself_prepared@{tmp_path}").fingerprint == tiny_recording.fingerprint


def test_training_and_test_sequences_of_3dhp_are_read_apart_and_all_files_hashed(tmp_path):
    here = [
        *("S1/Seq1/annot.mat", "S1/Seq1/camera.calibration", "S2/Seq1/annot.mat"),
        *("test/TS1/annot_data.mat", "S1/Seq1/notes.txt"),
    ]
    for name in here:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    files = manual.find("geoself_mpi_inf_3dhp", tmp_path)
    assert {f.name for f in manual.describe(tmp_path, files)} == set(here[:4])
    calls = manual._calls(manual.DATA_SETS["geoself_mpi_inf_3dhp"], tmp_path, files)
    wanted = [[here[0], here[2]], [here[3]]]
    assert calls == [[tmp_path / name for name in group] for group in wanted]


AGAIN = """
import os, signal, sys
from pathlib import Path
from geoself_jax.data.tfds.names import Source
from geoself_jax.prepare.tfds import build, builders
from geoself_jax.runtime import cli
source = Source("geoself_prepared", data_dir=sys.argv[2])
make = lambda argv: build.build(source, None, [Path(argv[0])], overwrite=True, notice=id)
make(sys.argv[1:])
(source.folder / "old.txt").write_text("old")
free = os.statvfs(sys.argv[2])
if len(sys.argv) > 3:
    builders.builder = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
else:
    (source.root / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize))
def last(argv):
    try:
        make(argv)
    finally:
        print((source.folder / "old.txt").exists(), *os.listdir(source.folder.parent))
cli.run(last)
"""


def test_a_build_that_a_full_disk_stops_leaves_the_old_one(tiny_file, tmp_path):
    small = tmp_path / "small"
    done = run_with_small_disk(AGAIN, small, 2_000_000, tiny_file, small)
    (line,) = done.stderr.splitlines()
    assert done.returncode == INPUT_OUTPUT and "an earlier build of this name stays" in line
    assert done.stdout == "True 1.0.0\n"
    assert f"error: {small}/geoself_prepared/1.0.0 - the disk is full: " in line


def test_a_build_that_is_killed_leaves_the_old_one(tiny_file, tmp_path):
    done = run_python("-c", AGAIN, str(tiny_file), str(tmp_path), "killed")
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "geoself_prepared/1.0.0/old.txt").exists()
    assert load(f"tfds:geoself_prepared@{tmp_path}").frames == 240
