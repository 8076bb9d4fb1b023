"""Writes the HTML page of an evaluation: the score table and predictions."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.page.joint_boxes import joint_boxes
from geoself_jax.evaluate.page.page_frames import chosen
from geoself_jax.evaluate.page.score_table import page_table
from geoself_jax.evaluate.ranking import rank_views
from geoself_jax.view.align import joined
from geoself_jax.view.from_recording import Sources, parts
from geoself_jax.view.html_page import write_page
from geoself_jax.view.scene import Scene


class Report(NamedTuple):
    """Extent of a page.

    Attributes:
        shown: Number of scenes on the page.
        videos: Number of videos in the data, one per clip and camera.
    """

    shown: int
    videos: int


def write_report(
    path: Path,
    recording: Recording,
    prediction: Prediction,
    triangulated: np.ndarray,
    scores: dict[str, Any],
) -> Report:
    """Writes a page with the best, the median and the worst view, one of each action, and more.

    A box of errors for each joint is below the table. Long clips are cut to half a minute around
    the selected frame.

    Args:
        path: HTML file to write.
        recording: Recording in the joints of the prediction (`evaluate.report.in_joints_of`).
        prediction, triangulated, scores: Results of `evaluate.report.evaluate`.

    Raises:
        GeoselfError: The file cannot be written (74).
    """
    there = triangulated if np.isfinite(triangulated).any() else None
    sources = Sources(recording, prediction, there)
    each = list(parts(recording))
    scenes: list[Scene] = []
    for choice in chosen(recording, rank_views(recording, prediction, triangulated), each):
        clip = recording.clip_names[recording.clip_id[choice.at[0]]]
        why = f"with the {choice.why} view" if choice.why else ""
        name = " · ".join(filter(None, (clip, recording.camera_names[choice.view], why)))
        scenes += joined(sources.of(choice.at, choice.view), name, None)
    videos = len(each) * recording.views
    shown = f"{len(scenes)} of {videos} videos, long ones in part"
    title, table = f"Evaluation on {scores['data']}", page_table(scores, shown)
    write_page(path, scenes, title, table, joint_boxes(scores))
    return Report(len(scenes), videos)
