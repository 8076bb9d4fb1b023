"""Only the right assignment of files to cameras triangulates; anything else is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scenes import instances, motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.prepare.match_cameras import Match
from geoself_jax.prepare.prove_cameras import prove

FRAMES = 40
NONE = {"exact": False, "certain": False}


def rig_of(views=4, first=0):
    rig = tiny_rig(0, views=views)
    return dataclasses.replace(rig, camera_names=tuple(f"cam{first + i}" for i in range(views)))


def seen_by(rig, noise=2.0, people=1):
    """A view a camera, of people with a detector's noise in px."""
    rng = np.random.default_rng(0)
    frame = np.repeat(np.arange(FRAMES), people)
    pixels = pixels_of(motion(FRAMES), rig) + rng.normal(0, noise, (FRAMES, rig.views, 17, 2))
    return [
        instances(np.repeat(pixels[:, view], people, axis=0), frame, FRAMES)
        for view in range(rig.views)
    ]


def proved(rig, files, match, said=None):
    """The camera's number of each file of `files`, a mapping of names to views."""
    paths = {Path(name): view for name, view in files.items()}
    found = prove(None, rig, match, paths.__getitem__, (said if said is not None else []).append)
    return {camera: path.name for camera, path in found.items()}


def test_files_counted_from_one_are_given_to_cameras_counted_from_zero():
    rig, said = rig_of(), []
    files = {f"cam{i + 1}": view for i, view in enumerate(seen_by(rig))}
    match = Match({}, tuple(map(Path, files)), **NONE)
    found = proved(rig, files, match, said)
    assert found == {f"cam{i}": f"cam{i + 1}" for i in range(4)}
    assert len(said) == 1 and "cam0 = cam1, cam1 = cam2" in said[0] and said[0].count(" px") == 2


def test_files_in_any_order_with_a_camera_that_failed_are_matched():
    rig = rig_of()
    views = seen_by(rig)
    files = {"x": views[3], "y": views[0], "z": views[2]}
    found = proved(rig, files, Match({}, tuple(map(Path, files)), **NONE))
    assert found == {"cam3": "x", "cam0": "y", "cam2": "z"}


def test_fractions_are_tried_with_the_image_size_of_each_camera():
    rig = rig_of()
    sizes = np.array([[1000, 1000], [640, 480], [1920, 1080], [800, 1200]])
    scale = sizes / 1000
    K = rig.K.copy()
    K[:, 0] *= scale[:, :1]
    K[:, 1] *= scale[:, 1:]
    rig = dataclasses.replace(rig, K=K, image_size=sizes)
    views = [
        dataclasses.replace(view, keypoints_2d=view.keypoints_2d / 1000, normalized=True)
        for view in seen_by(rig_of())
    ]
    files = {"x": views[3], "y": views[0], "z": views[1]}
    match = Match({}, tuple(map(Path, files)), **NONE)
    assert proved(rig, files, match) == {"cam3": "x", "cam0": "y", "cam1": "z"}
    unsized = dataclasses.replace(rig, image_size=np.array([[0, 0], *sizes[1:]]))
    with pytest.raises(GeoselfError, match=r"image size of camera cam0 .* --image-size=cam0="):
        proved(unsized, files, match)


@pytest.mark.parametrize("shift", [0, 1])
def test_names_that_agree_are_confirmed_or_contradicted_where_a_camera_is_missing(shift):
    rig, said = rig_of(), []
    views = seen_by(rig)
    files = {f"cam{i}": views[i - shift] for i in (1, 2, 3)}
    paths = {name: Path(name) for name in files}
    match = Match(paths, tuple(paths.values()), exact=True, certain=False)
    if not shift:
        assert proved(rig, files, match, said) == {name: name for name in files}
        assert "triangulation" in said[0]
        return
    with pytest.raises(GeoselfError) as error:
        proved(rig, files, match)
    assert error.value.code == DATA
    assert "--camera=cam0=cam1 --camera=cam1=cam2 --camera=cam2=cam3" in str(error.value)


def test_what_does_not_triangulate_is_refused_with_the_residuals():
    rig = rig_of()
    files = dict(zip("abcd", seen_by(rig, noise=60.0), strict=True))
    with pytest.raises(GeoselfError) as error:
        proved(rig, files, Match({}, tuple(map(Path, files)), **NONE))
    assert str(error.value).count(" px") >= 3 and "--camera=cam0=PATH" in str(error.value)


def test_two_equal_cameras_in_one_place_are_not_guessed():
    rig = rig_of().select(("cam0", "cam1", "cam2"))
    twin = lambda array: np.concatenate([array, array[2:]])  # noqa: E731
    rig = dataclasses.replace(
        rig,
        camera_names=("a", "b", "c", "d"),
        **{name: twin(getattr(rig, name)) for name in ("K", "R", "center", "image_size")},
        lenses=(*rig.lenses, rig.lenses[2]),
    )
    files = dict(zip("wxyz", seen_by(rig), strict=True))
    with pytest.raises(GeoselfError, match=r"c = z, d = y|c = y, d = z"):
        proved(rig, files, Match({}, tuple(map(Path, files)), **NONE))


@pytest.mark.parametrize(
    ("views", "change", "word"),
    [
        (3, lambda v: [*v, v[0]], "more than 3 cameras"),
        (4, lambda v: v[:2], "too few to prove"),
        (2, lambda v: v, "too few to prove"),
        (4, lambda v: seen_by(rig_of(), people=2), "sees one alone"),
        (
            4,
            lambda v: [*v[:3], instances(np.zeros((0, 17, 2)), np.zeros(0, int), 9)],
            "too few frames",
        ),
    ],
)
def test_what_cannot_be_proved_is_refused_and_taken_by_name_if_names_agree(views, change, word):
    rig = rig_of(views)
    files = dict(zip("wxyz", change(seen_by(rig)), strict=False))
    paths = tuple(map(Path, files))
    with pytest.raises(GeoselfError, match=word) as error:
        proved(rig, files, Match({}, paths, **NONE))
    assert error.value.code == DATA
    assert ("a folder for each recording" in str(error.value)) == (len(files) > views)
    named = dict(zip(rig.camera_names, paths, strict=False))
    if len(named) == len(files):
        said = []
        match = Match(named, paths, exact=True, certain=False)
        assert proved(rig, files, match, said) == {c: p.name for c, p in named.items()}
        assert "by name" in said[0] and word in said[0]
