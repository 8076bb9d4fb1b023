"""Runs that start from the networks of an earlier run or an export (`config.init`)."""

import dataclasses
import shutil
import signal

import jax
import numpy as np
import pytest

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.contraction import contracted
from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.core.expansion import expanded
from geoself_jax.core.in_metres import in_metres
from geoself_jax.core.model import UNCERTAINTY_SCALE, Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.core.step import TrainState
from geoself_jax.data.roots import with_pelvis
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.data.training_sample import read_sample
from geoself_jax.evaluate.warnings import warnings_of
from geoself_jax.export.description import describe
from geoself_jax.export.model_card import _training
from geoself_jax.runtime import workdir
from geoself_jax.runtime.restore import Trained, abstract_variables, load_trained
from geoself_jax.train import loop
from geoself_jax.train.run import train
from geoself_jax.train.warm_start.origin import facts_of, load_origin
from geoself_jax.train.warm_start.start import started, warm_start

SMALL = ModelConfig(
    width=16, blocks=1, root_width=8, root_blocks=1, confidence=True, length_unit=1.0, root_depth=4
)
PATHS = dataclasses.replace(SMALL, frames=27, temporal="paths")
RECORD = {
    "data": {"source": "lab.npz", "supervised_upper_bound": False, "sha256": "0"},
    "recording": {"fps": 25.0, "length_unit": 1.0},
}


def networks(config=SMALL, skeleton=H36M_17, seed=0):
    """Networks whose every weight and statistic is a random number, as if trained."""
    model, rng = Networks(config, skeleton), np.random.default_rng(seed)

    def numbers(path, leaf):
        positive = "var" in jax.tree_util.keystr(path) or UNCERTAINTY_SCALE in str(path)
        drawn = rng.uniform(0.5 if positive else -0.5, 1.5 if positive else 0.5, leaf.shape)
        return drawn.astype(np.float32)

    return model, jax.tree_util.tree_map_with_path(numbers, dict(abstract_variables(model)))


def fresh(model):
    """A first state without a program that is compiled for it: all zero."""
    zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), abstract_variables(model))
    none = np.zeros((), np.int32)
    return TrainState(zeros["params"], zeros["batch_stats"], None, none, none)


def as_trained(model, variables):
    """As `load_trained` gives them."""
    record = RECORD | {"recording": {"fps": 25.0, "length_unit": model.config.metres}}
    model, variables = in_metres(*expanded(model, variables))
    return Trained(model, jax.tree.map(np.asarray, variables), record, {"step": 7})


def views(model, seed=1, poses=5):
    """Detections of every joint, confidences and intrinsics."""
    rng, joints = np.random.default_rng(seed), model.skeleton.joints
    seen = (poses, joints) if model.config.frames == 1 else (poses, model.config.frames, joints)
    K = np.broadcast_to(np.array([[900, 0, 500], [0, 900, 500], [0, 0, 1.0]]), (poses, 3, 3))
    return rng.uniform(300, 700, (*seen, 2)), rng.uniform(0.3, 1, seen), K.copy()


def lifted(model, variables, seen):
    found = jax.jit(model.apply)(variables, *(jax.numpy.float32(array) for array in seen))
    return [np.asarray(array) for array in found if array is not None]


def start(config, origin, model):
    """The weights that a run of these networks starts with, and what it says of them."""
    config = dataclasses.replace(config, init="lab", model=model.config)
    optimizer = make_optimizer(config.optimizer, 0, 10)
    warm = warm_start(config, origin, model, 25.0)
    state = started(fresh(model), warm, optimizer)
    return {"params": state.params, "batch_stats": state.batch_stats}, warm


@pytest.mark.parametrize(("config", "symmetric"), [(SMALL, False), (PATHS, True)])
def test_networks_of_the_same_kind_predict_the_same(config, symmetric, tiny_config):
    config = dataclasses.replace(config, symmetric=symmetric, uncertainty=True)
    model, variables = networks(config)
    found, warm = start(tiny_config, as_trained(model, variables), model)
    seen = views(model)
    for ours, theirs in zip(
        lifted(model, found, seen), lifted(model, variables, seen), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert warm.facts["joints"]["same"] == H36M_17.joint_names and not warm.facts["fresh"]
    assert "17 of 17 joints by name" in warm.line and "new" not in warm.line


@pytest.mark.parametrize("config", [SMALL, PATHS], ids=["frame", "paths"])
def test_symmetric_networks_start_ordinary_ones_and_the_other_way_round(config, tiny_config):
    paired = dataclasses.replace(config, symmetric=True)
    model, variables = networks(paired)
    ordinary = Networks(config, H36M_17)
    found, _ = start(tiny_config, as_trained(model, variables), ordinary)
    seen = views(model)
    wanted = lifted(model, variables, seen)
    np.testing.assert_allclose(lifted(ordinary, found, seen)[0], wanted[0], rtol=1e-4, atol=1e-5)
    back = contracted(model, jax.tree.map(np.asarray, found))
    np.testing.assert_allclose(lifted(model, back, seen)[0], wanted[0], rtol=1e-4, atol=1e-5)


def test_ordinary_networks_that_do_not_commute_with_mirroring_are_refused(tiny_config):
    paired = Networks(dataclasses.replace(SMALL, symmetric=True), H36M_17)
    with pytest.raises(GeoselfError, match=r"set --config\.model\.symmetric=false") as refused:
        start(tiny_config, as_trained(*networks()), paired)
    assert refused.value.code == USAGE


def permuted(skeleton, order):
    """The same joints in another order: new joint i is the old one `order[i]`."""
    place = {old: new for new, old in enumerate(order)}
    return dataclasses.replace(
        skeleton,
        joint_names=tuple(skeleton.joint_names[i] for i in order),
        parents=tuple(place.get(skeleton.parents[i], -1) for i in order),
        left_right=tuple((place[a], place[b]) for a, b in skeleton.left_right),
        root=place[skeleton.root],
    )


@pytest.mark.parametrize(("config", "symmetric"), [(SMALL, False), (PATHS, True)])
def test_joints_in_another_order_keep_their_weights(config, symmetric, tiny_config):
    config = dataclasses.replace(config, symmetric=symmetric, uncertainty=True)
    model, variables = networks(config)
    order = np.random.default_rng(2).permutation(17).tolist()
    other = Networks(config, permuted(H36M_17, order))
    found, _ = start(tiny_config, as_trained(model, variables), other)
    pixels, trust, K = views(model)
    theirs = lifted(model, variables, (pixels, trust, K))
    ours = lifted(other, found, (pixels[..., order, :], trust[..., order], K))
    np.testing.assert_allclose(ours[0], theirs[0][:, order], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours[2], theirs[2][:, order], rtol=1e-4, atol=1e-5)


def test_a_joint_that_is_gone_is_read_as_not_detected(tiny_config):
    model, variables = networks()
    kept = [i for i, name in enumerate(H36M_17.joint_names) if name != "left_wrist"]
    fewer = Networks(SMALL, permuted(dataclasses.replace(H36M_17, left_right=()), kept))
    found, warm = start(tiny_config, as_trained(model, variables), fewer)
    pixels, trust, K = views(model)
    trust[:, H36M_17.joint_names.index("left_wrist")] = 0
    theirs = lifted(model, variables, (pixels, trust, K))[0][:, kept]
    ours = lifted(fewer, found, (pixels[:, kept], trust[:, kept], K))[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert "16 of 16 joints by name" in warm.line


def test_another_detectors_joints_start_where_those_that_stand_in_for_them_are(tiny_config):
    model, variables = networks(dataclasses.replace(SMALL, symmetric=True))
    coco = Networks(model.config, with_pelvis(COCO_17))
    found, warm = start(tiny_config, as_trained(model, variables), coco)
    pose = lifted(coco, found, views(coco))[0]
    place = {name: i for i, name in enumerate(coco.skeleton.joint_names)}
    limbs = [name for name in place if name.split("_")[-1] in ("hip", "knee", "wrist", "elbow")]
    assert set(limbs) < set(warm.facts["joints"]["same"])
    assert {"left_eye", "right_ear"} <= set(warm.facts["joints"]["new"])
    assert warm.facts["joints"]["stand_ins"] == ("nose",)
    np.testing.assert_allclose(pose[:, place["left_eye"]], pose[:, place["nose"]], atol=1e-5)
    assert np.abs(pose[:, place["left_wrist"]] - pose[:, place["left_elbow"]]).max() > 1e-3
    # Human3.6M's spine and thorax are read from hips and shoulders: the right input of both.
    h36m = lifted(model, variables, as_h36m(views(coco), coco.skeleton))[0]
    both = [name for name in place if name in H36M_17.joint_names]
    theirs = h36m[:, [H36M_17.joint_names.index(name) for name in both]]
    np.testing.assert_allclose(pose[:, [place[n] for n in both]], theirs, atol=0.05)


def as_h36m(seen, skeleton):
    """What Human3.6M's networks see of another skeleton's detections."""
    from geoself_jax.data.joint_maps import joint_map

    pixels, trust, K = seen
    weights = joint_map(skeleton, H36M_17).weights
    return np.einsum("ts,psk->ptk", weights, pixels), trust @ weights.T, K


@pytest.mark.parametrize("input", ["ray", "pixel"])
def test_other_inputs_of_windows_keep_their_joints_too(input, tiny_config):
    config = dataclasses.replace(SMALL, input=input, frames=9, root="plain")
    model, variables = networks(config)
    order = list(range(17))[::-1]
    here = dataclasses.replace(config, pixel_center=(320.0, 240.0), pixel_scale=320.0)
    other = Networks(here, permuted(H36M_17, order))
    found, _ = start(tiny_config, as_trained(model, variables), other)
    pixels, trust, K = views(model)
    theirs = lifted(model, variables, (pixels, trust, K))
    ours = lifted(other, found, (pixels[..., order, :], trust[..., order], K))
    np.testing.assert_allclose(ours[0], theirs[0][:, order], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-3, atol=1e-4)


def test_single_frames_start_windows_and_windows_of_a_body_at_rest_single_frames(tiny_config):
    one, many = networks(), networks(PATHS)
    pixels, trust, K = views(one[0])
    window = [np.repeat(array[:, None], 27, axis=1) for array in (pixels, trust)]
    found, warm = start(tiny_config, as_trained(*one), many[0])
    moving = views(many[0])
    theirs = lifted(*one, (moving[0][:, 13], moving[1][:, 13], K))[0]
    np.testing.assert_allclose(lifted(many[0], found, moving)[0], theirs, rtol=1e-4, atol=1e-5)
    assert warm.facts["fresh"] and "trajectory features" in warm.line
    found, warm = start(tiny_config, as_trained(*many), one[0])
    window[1][:] = pixels_trust = np.ones_like(window[1])
    theirs = lifted(*many, (*window, K))[0]
    ours = lifted(one[0], found, (pixels, pixels_trust[:, 0], K))[0]
    np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=0.02)
    assert not warm.facts["fresh"] and warm.line.endswith(
        "left out: 2 of 2 trajectory features of a joint (27 frames)"
    )


def test_windows_of_another_frame_rate_are_warned_of_and_single_frames_are_not(tiny_config):
    for config, warned in ((PATHS, True), (SMALL, False)):
        origin, model = as_trained(*networks(config)), Networks(config, H36M_17)
        here = dataclasses.replace(tiny_config, init="lab", model=config)
        lines = warm_start(here, origin, model, 60.0).warnings
        assert ["25 frames per second, these are 60" in line for line in lines] == [True] * warned


def test_people_keep_their_metres_and_bodies_of_another_size_are_scaled(tiny_config):
    origin = as_trained(*networks(dataclasses.replace(SMALL, uncertainty=True)))
    seen = views(origin.model)
    theirs = lifted(origin.model, origin.variables, seen)
    for unit, scale in ((1.1, 1.0), (0.05, 0.05)):
        here = dataclasses.replace(SMALL, uncertainty=True, length_unit=unit, root_depth=7.0)
        model = Networks(here, H36M_17)
        found, warm = start(tiny_config, origin, model)
        for ours, wanted in zip(lifted(model, found, seen), theirs, strict=True):
            np.testing.assert_allclose(ours, scale * wanted, rtol=1e-3, atol=1e-5)
        assert bool(warm.warnings) == (scale != 1)
    assert "20 times as large" in warm.warnings[0]


def init_of(config, origin):
    return dataclasses.replace(config, init=str(origin))


def test_a_run_starts_from_a_run_says_so_and_is_continued_without_it(
    tiny_run, tiny_config, tiny_recording, tmp_path, capsys, monkeypatch
):
    origin, folder = tmp_path / "origin", tmp_path / "run"
    shutil.copytree(tiny_run, origin)
    frozen = dataclasses.replace(tiny_config.optimizer, learning_rate=0.0)
    config = dataclasses.replace(init_of(tiny_config, origin), optimizer=frozen)
    stop_after(monkeypatch, 1)
    assert train(config, folder, tiny_recording).interrupted
    said = capsys.readouterr().out
    assert f"starting from {origin} (step 20, learned from" in said
    theirs, ours = (load_trained(run) for run in (origin, folder))
    layers = [of.variables["params"]["lifting"]["block0_layer0"] for of in (theirs, ours)]
    np.testing.assert_array_equal(*[layer["linear"]["kernel"] for layer in layers])
    record = workdir.read_record(folder)["init"]
    assert record["step"] == 20 and len(record["joints"]["same"]) == 17
    samples = [read_sample(run, tiny_recording.skeleton) for run in (origin, folder)]
    assert len(samples[1].poses) == 2 * len(samples[0].poses)
    shutil.rmtree(origin)
    monkeypatch.undo()
    assert train(config, folder, tiny_recording).steps == 20
    said = capsys.readouterr().out
    assert "continuing" in said and "starting from" not in said
    assert workdir.read_record(folder)["init"] == record


def stop_after(monkeypatch, calls):
    """Stops runs after that many calls to the devices, by a signal."""
    compile_call, done = loop.compile_call, []

    def counting(*arguments):
        advance = compile_call(*arguments)

        def call(*inputs):
            done.append(1)
            if len(done) == calls:
                signal.raise_signal(signal.SIGINT)
            return advance(*inputs)

        return call

    monkeypatch.setattr(loop, "compile_call", counting)


def test_an_export_is_a_start_and_its_card_and_the_next_ones_name_where_it_came_from(
    tiny_export, tiny_config, tiny_recording, tmp_path
):
    config = dataclasses.replace(init_of(tiny_config, tiny_export), seed=3)
    train(config, tmp_path / "run", tiny_recording)
    trained = load_trained(tmp_path / "run")
    info = describe(trained, {"checkpoint": trained.facts, "evaluation": None}, onnx=False)
    assert info["init"]["folder"] == info["config"]["init"] == "lifter"
    lines = "\n".join(
        _training(info | {"scores": {"checkpoint": trained.facts | {"which": "last"}}})
    )
    assert "* started from: lifter, step 20" in lines and "17 of 17 joints by name" in lines
    warned = warnings_of(trained, tiny_recording, "tiny.npz", np.full((1, 17, 3), np.nan))
    assert "trained on these data" in warned[0]
    others = dataclasses.replace(tiny_recording, fingerprint="other")
    trained.record["data"]["subjects"] = []  # only what it started from was trained on them
    warned = warnings_of(trained, others, "tiny.npz", np.full((1, 17, 3), np.nan))
    assert "have the names of some trained on" in warned[0]


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda folder, run: folder / "none", MISSING, "no such folder"),
        (lambda folder, run: folder, MISSING, "holds neither a run"),
        (lambda folder, run: run / "checkpoints", MISSING, "is a part of the run"),
        (lambda folder, run: run / "run.json", MISSING, "is a file"),
        (lambda folder, run: started_only(folder, run), MISSING, "no checkpoint 'last'"),
        (lambda folder, run: folder / "new", USAGE, "is the run that is to start"),
        (lambda folder, run: damaged(folder, run), DATA, "no checkpoint is whole"),
    ],
)
def test_what_is_no_start_is_refused_in_one_line(
    make, code, said, tiny_run, tiny_config, tiny_recording, tmp_path
):
    config = init_of(tiny_config, make(tmp_path, tiny_run))
    with pytest.raises(GeoselfError, match=said) as refused:
        train(config, tmp_path / "new", tiny_recording)
    assert refused.value.code == code
    assert not (tmp_path / "new").exists()
    assert ("--checkpoint" in str(refused.value)) == ("export --work" in str(refused.value))


def started_only(folder, run):
    """A run that was stopped before it saved anything."""
    (folder / "half").mkdir()
    shutil.copy(run / "run.json", folder / "half")
    return folder / "half"


def damaged(folder, run):
    """A run whose checkpoint's arrays are cut short."""
    shutil.copytree(run, folder / "damaged")
    for path in (folder / "damaged" / "checkpoints" / "last").rglob("*"):
        if path.is_file() and path.stat().st_size > 5000:
            path.write_bytes(path.read_bytes()[:3000])
    return folder / "damaged"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 32, "blocks": 2}, "--config.model.width=16 --config.model.blocks=1"),
        ({"width": 32, "root_blocks": 2}, "width 16, root_blocks 1; this run's 32, 2"),
        ({"input": "ray"}, "set --config.model.input=centered_ray"),
        ({"confidence": True}, "set --config.model.confidence=false"),
        ({"frames": 9}, "set --config.model.frames=1"),
    ],
)
def test_networks_of_another_shape_are_refused_with_what_to_set(
    settings, said, tiny_run, tiny_config, tiny_recording, tmp_path
):
    model = dataclasses.replace(tiny_config.model, **settings)
    config = init_of(dataclasses.replace(tiny_config, model=model), tiny_run)
    with pytest.raises(GeoselfError, match=said) as refused:
        train(config, tmp_path, tiny_recording)
    assert refused.value.code == USAGE


def test_a_body_without_a_joint_of_the_same_name_is_refused(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    names = tuple(f"paw_{i}" for i in range(17))
    skeleton = dataclasses.replace(tiny_recording.skeleton, joint_names=names)
    other = dataclasses.replace(tiny_recording, skeleton=skeleton)
    with pytest.raises(GeoselfError, match="none of its joints") as refused:
        train(init_of(tiny_config, tiny_run), tmp_path, other)
    assert refused.value.code == DATA


def test_a_general_model_is_a_start_by_its_name(tmp_path):
    origin = load_origin("general-coco17", tmp_path / "run")
    assert origin.model.skeleton.joint_names[:17] == COCO_17.joint_names
    facts = facts_of("general-coco17", origin)
    assert facts["folder"] == "general-coco17" and not facts["supervised_upper_bound"]
    with pytest.raises(GeoselfError, match=r"no such folder .* one of general-coco17") as refused:
        load_origin("general-coco18", tmp_path / "run")
    assert refused.value.code == MISSING


def test_none_is_a_fresh_start(tiny_run, tiny_config, tiny_recording):
    same = init_of(tiny_config, "none")
    assert train(same, tiny_run, tiny_recording).message.startswith("already done")
