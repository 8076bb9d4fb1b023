"""The rows of `detector`: what decides, repeated on the second model of a detector."""

from typing import Any

from benchmarks.ablation.row import Row, changed
from geoself_jax.core.config import Config
from geoself_jax.data.synthetic.smooth_detector import EXCHANGED

SMOOTH = ("smooth", EXCHANGED)
REPAIRED = ("repaired", EXCHANGED)
PATHS = {"model__frames": 27, "model__temporal": "paths"}
TRANSFORM = {
    "objective__name": "transform",
    "objective__root_from": "views",
    "objective__weight_from": "target",
    "objective__transform_weight": 10.0,
}


def detector_rows(recipe: Config) -> list[Row]:
    """Rows trained and tested on the second model, except where the name says the first.

    Exchanges in the training recording are found and undone as `prepare` does, except where the
    name says that they are left in; in the test recording they are left in.

    Args:
        recipe: Of configs/cmu_h36m_rig.py before it tumbled bodies.
    """

    def row(name: str, **settings: Any) -> Row:
        return Row(name, changed(recipe, **settings), REPAIRED, shown=SMOOTH)

    robust = {"objective__labels": "robust"}
    paths = changed(recipe, **PATHS)
    return [
        Row("first model: the recipe", recipe),
        Row("first model: without confidences", changed(recipe, model__confidence="false")),
        Row("trained on the first: the recipe", recipe, shown=SMOOTH),
        row("the recipe"),
        Row("exchanges left in", recipe, SMOOTH, shown=SMOOTH),
        row("without confidences", model__confidence="false"),
        row("labels not refined", **robust),
        row("labels not refined, no synthesized views", **robust, augmentation__share=0.0),
        Row("supervised", recipe, REPAIRED, True, shown=SMOOTH, note="UPPER BOUND"),
        row("eq. (7), multi-view root", **TRANSFORM),
        row("errors as measured (1.0)", augmentation__noise=1.0),
        row("errors 1.3 times as large", augmentation__noise=1.3),
        row("no errors re-applied", augmentation__noise=0.0),
        row("with uncertainties", model__uncertainty="true"),
        Row("first model: 27 frames", paths),
        Row("trained on the first: 27 frames", paths, shown=SMOOTH),
        Row("27 frames", paths, REPAIRED, shown=SMOOTH),
        row("27 frames, errors 1.3 times as large", **PATHS, augmentation__noise=1.3),
        row("27 frames, without confidences", **PATHS, model__confidence="false"),
    ]
