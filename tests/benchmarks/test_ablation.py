"""The tables of recipes: what is equal in all rows, what is kept, what is done to recordings."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.ablation import adversarial, learned, report, running
from benchmarks.ablation.damage import damaged, exact
from benchmarks.ablation.own_loop import OwnLoop
from benchmarks.ablation.row import Row, changed
from benchmarks.ablation.running import Bench, seeds
from benchmarks.ablation.tables import TABLES, VIEW_SAMPLES, rows_of
from geoself_jax.core import step
from geoself_jax.core.config import AugmentationConfig, Config
from geoself_jax.core.in_metres import in_metres
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.runtime.cli import load_config
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import train

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("table", TABLES)
def test_rows_have_equal_view_samples_and_differ_from_each_other(table):
    rows = rows_of(table, "train.npz", "", "small")
    samples = set()
    for row in rows:
        schedule = row.config.schedule
        assert schedule.unit == "steps"
        poses = schedule.batch * row.config.objective.views
        samples.add(poses * (schedule.length + schedule.pretrain) / VIEW_SAMPLES)
    if table != "quick":  # whose rows are of different lengths
        assert max(samples) / min(samples) < 1.01
    assert len({row.name for row in rows}) == len(rows)
    assert len({row.key("data") for row in rows}) == len(rows)


def test_only_rows_that_say_so_are_given_3d():
    for table in TABLES:
        for row in rows_of(table, "train.npz", "", "small"):
            assert ("3D" in row.note or "UPPER BOUND" in row.note) == (
                row.supervised or row.adversarial
            )


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("all subjects: the recipe", "cmu_h36m_rig.py"),
        ("all subjects: 27 frames, the recipe", "cmu_h36m_rig_27.py"),
    ],
)
def test_the_rows_that_decide_are_the_recipes_of_the_configurations(name, file):
    recipe = load_config(str(CONFIGS / file), [])
    assert recipe.augmentation.tumble > 0  # chosen later, by benchmarks.unlike
    untumbled = AugmentationConfig()
    augmentation = dataclasses.replace(
        recipe.augmentation, tumble=untumbled.tumble, tumble_to=untumbled.tumble_to
    )
    recipe = dataclasses.replace(recipe, augmentation=augmentation)
    rows = rows_of("quick", recipe.data.train, "05,16", "default")
    row = next(row for row in rows if row.name == name)
    assert dataclasses.replace(row.config, schedule=recipe.schedule) == recipe
    assert row.config.schedule.length == recipe.schedule.length
    assert row.config.schedule.batch == recipe.schedule.batch


@pytest.fixture(scope="module")
def bench(tiny_file, tmp_path_factory):
    return Bench(str(tiny_file), str(tiny_file), tmp_path_factory.mktemp("ablation"))


@pytest.fixture(scope="module")
def rows(tiny_config, bench):
    labelled = dataclasses.replace(
        tiny_config, objective=dataclasses.replace(tiny_config.objective, name="pseudo_label")
    )
    found = seeds([Row("labels", labelled), Row("bound", labelled, supervised=True)], 2)
    for row in found:
        bench.run(row)
    return found


def params_in_metres(trained):
    """Weights as `load_trained` has them."""
    return in_metres(trained.model, trained.variables)[1]["params"]


def test_without_its_discriminator_the_adversarial_row_learns_what_train_learns(
    bench, tiny_config, tmp_path, monkeypatch
):
    config = changed(tiny_config, objective__name="reprojection")
    labels = triangulate_recording(bench.train)
    train(config, tmp_path / "run", bench.train, triangulated=labels)
    wanted = load_trained(tmp_path / "run", "last").variables["params"]
    judged = params_in_metres(adversarial.train_adversarially(config, bench.train, labels))
    monkeypatch.setattr(adversarial, "WEIGHT_PX", 0.0)
    alone = params_in_metres(adversarial.train_adversarially(config, bench.train, labels))
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-4), alone, wanted)
    off = jax.tree.map(lambda x, y: np.abs(x - y).max(), judged, wanted)
    assert max(jax.tree.leaves(off)) > 3e-3


def test_learned_weights_follow_the_losses(bench, tiny_config):
    config = changed(tiny_config, objective__name="both", schedule__length=600)
    labels = triangulate_recording(bench.train)
    trained = learned.train_with_learned_weights(config, bench.train, labels)
    loop = OwnLoop(config, bench.train, labels)

    def ratio(variables):
        """Pixels a metre: how many times as large as the labels' loss eq. (7) is."""
        batch, _, dropout = loop.drawn(0)
        (pose_3d, root, *_), _ = loop.lifted(
            variables["params"], variables["batch_stats"], batch, dropout
        )
        each = [
            step.objective_loss(pose_3d, root, batch, objective, skeleton=loop.model.skeleton)
            for objective in (
                changed(config, objective__name=name).objective for name in learned.PARTS
            )
        ]
        return float(each[1] / each[0])

    start = ratio({"params": loop.state.params, "batch_stats": loop.state.batch_stats})
    found = trained.record["label_weight_px"]
    assert found == pytest.approx(ratio(trained.variables), rel=0.2)
    assert not start / 1.5 < found < 1.5 * start


def test_a_row_has_one_supervision_and_the_digest_of_earlier_results(bench, tiny_config):
    for extra in ({"adversarial": True}, {"learned_weights": True}):
        assert Row("", tiny_config, **extra).key("data") != Row("", tiny_config).key("data")
        with pytest.raises(ValueError, match="two kinds"):
            Row("", tiny_config, supervised=True, **extra)
    wide = changed(Config(), model__width=256)
    assert Row("", wide, ("flat", 0), supervised=True).key("data") == "e4a9f0e88079bad6"


def test_a_row_may_be_shown_what_another_detector_sees(bench, tiny_config):
    plain, shown = (Row("", tiny_config, shown=what) for what in (None, ("smooth", 0.4)))
    assert plain.key("data") == Row("", tiny_config).key("data") != shown.key("data")
    seen = bench._shown(shown)
    apart = np.linalg.norm(seen["test"].keypoints_2d - bench.test.keypoints_2d, axis=-1)
    assert np.nanmedian(apart) > 1
    swapped = np.abs(seen["test"].keypoints_2d - seen["unexchanged"].keypoints_2d).max(-1) > 1e-3
    assert 0.05 < swapped.mean() < 0.6
    assert bench._shown(plain)["unexchanged"] is None
    assert np.array_equal(seen["test"].pose_world, bench.test.pose_world)


def test_a_row_that_was_run_is_not_run_again(bench, rows, monkeypatch):
    before = [bench.result(row) for row in rows]
    assert [found["seed"] for found in before] == [0, 0, 1, 1]
    assert [found["uses_3d"] for found in before] == [False, True, False, True]
    monkeypatch.setattr(bench, "_trained", None)  # would fail if it were called
    for row in rows:
        bench.run(row)
    assert [bench.result(row) for row in rows] == before
    analysis = before[0]["analysis"]
    assert analysis["exact_joints_mpjpe_mm"] != before[0]["test"]["mpjpe_mm"]
    assert set(analysis.values()) != {analysis["exact_joints_mpjpe_mm"]}
    other = dataclasses.replace(rows[0], damage=("flat", 0))
    assert bench.result(other) is None


def test_seeds_side_by_side_learn_what_each_learns_alone(bench, rows, tmp_path):
    both = Bench(bench.test_source, bench.test_source, tmp_path, together=True)
    both.run(*rows[::2])
    for row in rows[::2]:
        alone, together = bench.result(row), both.result(row)
        for group in ("test", "held_out", "analysis"):
            assert set(alone[group]) == set(together[group])
            for name, wanted in alone[group].items():
                if isinstance(wanted, float):
                    assert together[group][name] == pytest.approx(wanted, rel=2e-3), name
        np.testing.assert_allclose(alone["curve"], together["curve"], rtol=1e-3)
        assert alone["config"]["seed"] == together["config"]["seed"] == row.config.seed
    assert both.result(rows[0])["test"]["mpjpe_mm"] != both.result(rows[2])["test"]["mpjpe_mm"]
    assert both.result(rows[1]) is None  # the bound is another row


def test_a_row_in_bfloat16_is_another_row_and_in_float32_the_same(rows):
    keys = {row.key("data") for row in (rows[0], rows[0].computed_in("float32"))}
    assert keys == {rows[0].key("data")}
    assert rows[0].computed_in("bfloat16").key("data") not in keys


def test_of_seeds_one_of_which_another_process_is_at_the_others_are_run(bench, rows, tmp_path):
    both = Bench(bench.test_source, bench.test_source, tmp_path)
    with running._claimed(both._path(rows[0]).with_suffix(".lock")) as ours:
        assert ours
        both.run(*rows[::2])
    assert both.result(rows[0]) is None and both.result(rows[2]) is not None


def test_labels_are_made_once_for_all_processes_and_again_by_another_program(
    bench, rows, tmp_path, monkeypatch
):
    def made(program):
        monkeypatch.setattr(running, "_program_of_labels", lambda: program)
        other = Bench(bench.test_source, bench.test_source, tmp_path)
        found = other._triangulated(rows[0], other.train)
        return found, {path.name for path in tmp_path.glob("labels-*.npy")}

    labels, files = made("this")
    assert len(files) == 1 and np.isfinite(labels).any()
    monkeypatch.setattr(running, "triangulate_recording", None)  # would fail if it were called
    again, _ = made("this")
    np.testing.assert_array_equal(again, labels)
    with pytest.raises(TypeError):
        made("another")


def test_minutes_are_those_of_one_core_and_a_copy_without_git_names_its_commit(
    bench, rows, monkeypatch
):
    run = bench.result(rows[0])
    shared = [{**run, "device": "NVIDIA"}, {**run, "threads": 2}]
    summary = report.summary({"one": [{**run, "threads": 1}], "shared": shared})
    for key in ("minutes", "cpu_seconds"):
        assert run[key] > 0 and summary["one"][key][0] == run[key]
        assert summary["shared"][key] is None
    monkeypatch.setenv("GEOSELF_COMMIT", "0123abc")
    assert running._commit() == "0123abc"


def test_where_runs_know_their_cpu_seconds_they_are_a_column_and_a_figure(bench, rows, tmp_path):
    run = bench.result(rows[0]) | {"threads": 1}
    known = {"a": [run | {"cpu_seconds": 123.4}], "b": [run | {"cpu_seconds": 56.7}]}
    text = report.table(report.summary(known), {})
    assert "| CPU seconds |" in text and "| 123.4 | 1 |" in text
    report.draw_cost(tmp_path / "cost.png", known, "cost")
    assert (tmp_path / "cost.png").stat().st_size > 1000
    unknown = {name: [found[0] | {"cpu_seconds": None}] for name, found in known.items()}
    assert "CPU seconds" not in report.table(report.summary(unknown), {})
    report.draw_cost(tmp_path / "none.png", unknown, "cost")
    assert not (tmp_path / "none.png").exists()


def test_a_table_tells_mean_and_spread_and_how_scores_agree(bench, rows, tmp_path):
    results = {}
    for row in rows:
        results.setdefault(row.name, []).append(bench.result(row))
    summary = report.summary(results)
    wanted = [found["test"]["mpjpe_mm"] for found in results["labels"]]
    assert summary["labels"]["mpjpe_mm"] == pytest.approx([np.mean(wanted), np.std(wanted, ddof=1)])
    text = report.table(summary, {"bound": "UPPER BOUND"})
    assert "| bound (UPPER BOUND) |" in text and f"{np.mean(wanted):.1f} ±" in text
    runs = [found for result in results.values() for found in result]
    assert -1 <= report.correlations(runs)["held_out_triangulation_mm"] <= 1
    assert "±" not in report.table(report.summary({"one": results["labels"][:1]}), {})
    report.draw_table(tmp_path / "table.png", summary, "table")
    report.draw_scores(tmp_path / "scores.png", runs)
    report.draw_curves(tmp_path / "curves.png", results, "curves")
    assert len(runs[0]["curve"]) > 2 and (tmp_path / "curves.png").stat().st_size > 1000
    assert (tmp_path / "table.png").stat().st_size > 1000


def test_a_row_that_training_refuses_tells_why_in_its_place(bench, rows, tmp_path):
    turned = dataclasses.replace(rows[0], name="turned", damage=("rotation", 3))
    bench.run(turned)
    refused = bench.result(turned)
    assert "rig" in refused["refused"] and "test" not in refused
    runs = [bench.result(rows[0]), bench.result(rows[1]), refused]
    summary = report.summary({"labels": runs[:2], "turned": runs[2:]})
    text = report.table(summary, {})
    assert f"| turned | refused: {refused['refused']} |" in text
    assert report.correlations(runs)["runs"] == len(report.near_the_best(runs, 99)) == 2
    report.draw_table(tmp_path / "table.png", summary, "table")
    report.draw_scores(tmp_path / "scores.png", runs)


def test_damage_does_what_it_says(tiny_recording):
    there = exact(tiny_recording)
    off = np.linalg.norm(there.keypoints_2d - tiny_recording.keypoints_2d, axis=-1)
    assert 1 < np.nanmedian(off) < 10
    again = triangulate_recording(there)
    assert np.nanmax(np.abs(again - tiny_recording.pose_world)) < 1e-3
    few = damaged(tiny_recording, ("views", 2))
    assert few.keypoints_2d.shape[1] == few.camera.R.shape[1] == len(few.camera_names) == 2
    assert damaged(tiny_recording, ("frames", 0.1)).frames == 24
    shuffled = damaged(tiny_recording, ("shuffled", 0))
    assert (np.sort(shuffled.confidence, 0) != shuffled.confidence).any()
    seen = tiny_recording.confidence > 0
    np.testing.assert_array_equal(shuffled.confidence > 0, seen)
    assert set(np.unique(damaged(tiny_recording, ("flat", 0)).confidence)) == {0, 1}
    turned = damaged(tiny_recording, ("rotation", 0.5)).camera.R @ np.swapaxes(
        tiny_recording.camera.R, -1, -2
    )
    angle = np.degrees(np.arccos((np.trace(turned, axis1=-2, axis2=-1) - 1) / 2))
    np.testing.assert_allclose(angle, 0.5, atol=1e-4)


def test_noise_is_doubled_and_joints_are_moved_without_the_truth(tiny_recording):
    blind = tiny_recording.without_ground_truth()
    noisy, biased = (damaged(blind, how) for how in (("noise", 2), ("bias", 0.03)))
    error = np.linalg.norm(noisy.keypoints_2d - blind.keypoints_2d, axis=-1)
    assert 1 < np.nanmedian(error) < 6  # the tiny recording's own noise is 3 px
    moved = np.linalg.norm(biased.keypoints_2d - blind.keypoints_2d, axis=-1)
    assert 2 < np.nanmedian(moved) < 12  # 30 mm at some 5 m
    assert damaged(blind, None) is blind
