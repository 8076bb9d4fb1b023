"""The tiny recording and the tiny run are what the other tests take them for."""

import json

import numpy as np

from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.runtime import workdir


def test_the_tiny_recording_is_consistent_noisy_and_moves(tiny_recording):
    error = np.linalg.norm(
        triangulate_recording(tiny_recording) - tiny_recording.pose_world, axis=-1
    )
    assert 0.005 < np.nanmedian(error) < 0.02
    pose = tiny_recording.pose_world - tiny_recording.pose_world[:, :1]
    assert (pose.std(0)[[3, 6, 13, 16]].max(-1) > 0.1).all()  # feet and hands
    assert tiny_recording.pose_world[:, 0].std(0).max() > 0.3
    sizes = [
        np.linalg.norm(pose[tiny_recording.subject_id == i, 4], axis=-1).mean() for i in range(3)
    ]
    assert sizes == sorted(sizes) and sizes[2] / sizes[0] > 1.1
    assert set(tiny_recording.rig_id) == {0, 1} and len(set(tiny_recording.clip_id)) == 6


def test_the_tiny_run_is_finished_and_holds_out_a_person(tiny_run):
    lines = (tiny_run / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 5, 10, 15, 20]
    record = workdir.read_record(tiny_run)
    assert record["data"]["train_frames"] == 160 and record["data"]["validation_frames"] == 80
    assert any((tiny_run / "checkpoints/best").iterdir())
