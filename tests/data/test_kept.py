import dataclasses
import os
import shutil
import stat
from pathlib import Path

import jax
import numpy as np
import pytest

import geoself_jax
from geoself_jax.core import cache_folder
from geoself_jax.data import kept, sources
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.data.triangulated import triangulate_frames


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "geoself_jax" / "arrays"


def counted(value):
    """A function that returns an array, and the list of its calls."""
    calls = []

    def make():
        calls.append(1)
        return {"x": np.arange(6.0) + value}

    return make, calls


def test_what_is_kept_is_computed_once_for_a_key(cache):
    make, calls = counted(1)
    first, second = (kept.kept("thing", "a", make)["x"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(calls) == 1
    kept.kept("thing", "b", make)
    assert len(calls) == 2


def test_other_code_computes_again(cache, tmp_path, monkeypatch):
    make, calls = counted(1)
    package = tmp_path / "package"
    shutil.copytree(Path(geoself_jax.__file__).parent, package)
    assert kept.code_digest(package) == kept._CODE
    kept.kept("thing", "a", make)
    module = package / "geometry" / "triangulation.py"
    module.write_text(module.read_text().replace("= 10.0", "= 11.0"))
    monkeypatch.setattr(kept, "_CODE", kept.code_digest(package))
    kept.kept("thing", "a", make)
    assert len(calls) == 2


def test_what_jax_computes_depends_on_its_settings(cache, monkeypatch):
    make, calls = counted(1)
    kept.kept("thing", "a", make)
    with jax.enable_x64(True):
        kept.kept("thing", "a", make)
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", "") + " ")
    kept.kept("thing", "a", make)
    assert len(calls) == 3
    made, by_numpy = counted(1)
    kept.kept("other", "a", made, by_jax=False)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent.parent))
    kept.kept("other", "a", made, by_jax=False)
    assert len(by_numpy) == 1


@pytest.mark.parametrize("damage", [b"", b"PK", "half"])
def test_a_damaged_file_is_computed_again_and_replaced(cache, damage):
    make, calls = counted(1)
    kept.kept("thing", "a", make)
    (path,) = cache.glob("*.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage == "half" else damage)
    np.testing.assert_array_equal(kept.kept("thing", "a", make)["x"], np.arange(6.0) + 1)
    assert len(calls) == 2 and path.read_bytes() == whole


def test_arrays_of_other_names_are_not_those_that_were_kept(cache):
    make, calls = counted(1)
    kept.kept("thing", "a", make)
    (path,) = cache.glob("*.npz")
    np.savez(path, y=np.zeros(3))
    assert list(kept.kept("thing", "a", make)) == ["x"]
    assert len(calls) == 2


def test_pickles_are_not_read(cache):
    make, calls = counted(1)
    kept.kept("thing", "a", make)
    (path,) = cache.glob("*.npz")
    np.savez(path, x=np.array([{}], object))
    kept.kept("thing", "a", make)
    assert len(calls) == 2


def test_the_cache_is_the_users_alone_or_not_used(cache):
    make, calls = counted(1)
    kept.kept("thing", "a", make)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    cache.chmod(0o777)
    assert cache_folder.cache_folder("arrays") is None
    kept.kept("thing", "a", make)
    assert len(calls) == 2


def test_a_link_to_a_folder_is_no_cache(cache, tmp_path):
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    cache.parent.mkdir(mode=0o700)
    cache.symlink_to(own)
    assert cache_folder.cache_folder("arrays") is None
    assert not list(own.iterdir())


def test_the_cache_can_be_turned_off_and_is_never_relative(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOSELF_CACHE", "off")
    assert cache_folder.cache_folder() is None and not cache.parent.exists()
    monkeypatch.delenv("GEOSELF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert cache_folder.cache_folder() == tmp_path / "home" / ".cache" / "geoself_jax"


def test_the_oldest_files_make_room(cache, monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 3000)
    for i in range(8):
        kept.kept("thing", str(i), counted(i)[0])
        newest = max(cache.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (i, i))
    left = [path.stat() for path in cache.glob("*.npz")]
    assert sum(facts.st_size for facts in left) <= 3000
    assert max(facts.st_mtime for facts in left) == 7


def changed(value):
    """Another value of the same type."""
    if isinstance(value, np.ndarray):
        other = value.copy()
        other.reshape(-1)[-1] = other.reshape(-1)[-1] * 2 + 1
        return other
    if isinstance(value, tuple) and isinstance(value[0], np.ndarray):
        return type(value)(*value[:-1], changed(value[-1]))
    if isinstance(value, tuple):
        return (*value[:-1], value[-1] + "x")
    if isinstance(value, str):
        return value + "x"
    if dataclasses.is_dataclass(value):
        return dataclasses.replace(value, joint_names=changed(value.joint_names))
    return value + 1


def test_the_key_of_a_recording_is_of_all_but_its_ground_truth(tiny_recording):
    recording = dataclasses.replace(tiny_recording, dist=np.zeros((1, 4, 5)))
    before, keys = kept.recording_key(recording), set()
    assert kept.recording_key(recording.without_ground_truth()) == before
    names = [f.name for f in dataclasses.fields(recording) if f.name not in kept._TRUTH]
    for name in names:
        other = changed(getattr(recording, name))
        keys.add(kept.recording_key(dataclasses.replace(recording, **{name: other})))
    for index in range(3):
        arrays = list(recording.camera)
        arrays[index] = changed(arrays[index])
        camera = type(recording.camera)(*arrays)
        keys.add(kept.recording_key(dataclasses.replace(recording, camera=camera)))
    assert len(keys | {before}) == len(names) + 3
    assert {"camera", "assumed_skeleton", "rig_id", "world_up"} <= set(names)


def test_the_built_in_data_are_the_same_from_the_cache(cache):
    first, second = (sources.load("synthetic:test", synthetic_frames=200) for _ in range(2))
    assert len(list(cache.glob("synthetic-test-*.npz"))) == 1
    for field in dataclasses.fields(first):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        elif field.name == "camera":
            for a, b in zip(one, other, strict=True):
                np.testing.assert_array_equal(a, b)
        else:
            assert one == other, field.name


def test_labels_from_the_cache_are_those_that_were_computed(cache, tiny_recording):
    first, second = (triangulate_recording(tiny_recording) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    fewer = tiny_recording.select(slice(0, 40))
    np.testing.assert_allclose(triangulate_recording(fewer), first[:40], atol=1e-6)


def test_frames_triangulated_in_chunks_are_those_of_one_frame_at_a_time(tiny_recording):
    """The last chunk is padded, and cameras are of frames or of all."""
    recording = tiny_recording.select(slice(0, 150))
    camera = recording.cameras_of(slice(None))
    seen = recording.keypoints_2d, recording.confidence
    whole = triangulate_frames(*seen, camera)
    assert whole.shape == (150, recording.skeleton.joints, 3)
    for frame in (0, 127, 128, 149):
        at = slice(frame, frame + 1)
        alone = triangulate_frames(*(x[at] for x in seen), recording.cameras_of(at))
        np.testing.assert_allclose(alone[0], whole[frame], atol=1e-6)
    one = type(camera)(*(array[0] for array in camera))
    same = recording.rig_id == recording.rig_id[0]
    np.testing.assert_allclose(
        triangulate_frames(*(x[same] for x in seen), one), whole[same], atol=1e-6
    )
