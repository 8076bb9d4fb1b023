"""The rows of each table."""

from typing import Literal

from benchmarks.ablation.detector import detector_rows
from benchmarks.ablation.quick import quick_rows, short
from benchmarks.ablation.row import Row, changed
from geoself_jax.core.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
)

Size = Literal["tiny", "small", "default", "full"]
SIZES: dict[str, dict[str, object]] = {
    "tiny": {"model__width": 32, "model__root_width": 16, "schedule__length": 60},
    "small": {"model__width": 256, "model__root_width": 128, "schedule__length": 4000},
    "default": {"model__width": 512, "model__root_width": 256, "schedule__length": 30_000},
    "full": {
        "model__width": 1024,
        "model__root_width": 1024,
        "model__blocks": 4,
        "model__root_blocks": 4,
        "schedule__length": 30_000,
    },
}
TABLES = ("paper", "beyond", "robustness", "choose", "decide", "quick", "detector")
VIEW_SAMPLES = 256
"""Poses a step, in every row."""
NOISE = 1.14
"""Detections' errors over their distances to the labels, by `benchmarks.refinement`, unlabelled."""
BEFORE = "dropout 0.1, errors not enlarged"
"""What the recipe was before."""


def paper_base(train: str, held: str, size: Size) -> Config:
    """The paper's loss on random pairs, in the parameterization that trains without stage one."""
    base = Config(
        data=DataConfig(train=train, validation_subjects=held),
        model=ModelConfig(blocks=2, dropout=0.1, root_blocks=2),
        objective=ObjectiveConfig(name="transform", norm="plain", views=2),
        augmentation=AugmentationConfig(share=0.0),
        optimizer=OptimizerConfig(learning_rate=3e-3),
        schedule=ScheduleConfig(batch=VIEW_SAMPLES // 2, call=100, save_minutes=60),
    )
    return changed(base, **SIZES[size])


def label_base(train: str, held: str, size: Size) -> Config:
    """Refined labels and their augmentation: what the rows of `beyond` change one thing of."""
    base = paper_base(train, held, size)
    return changed(
        base,
        objective__name="pseudo_label",
        objective__labels="refined",
        objective__views=4,
        schedule__batch=VIEW_SAMPLES // 4,
        augmentation__share=0.75,
        augmentation__limbs=0.1,
        augmentation__exchange=0.5,
        model__confidence="true",
        optimizer__learning_rate=5e-3,
    )


def paper_rows(base: Config) -> list[Row]:
    """The paper's own table and its open choices; each row changes its base in one thing."""
    four = {"objective__views": 4, "schedule__batch": VIEW_SAMPLES // 4}
    steps = base.schedule.length
    stage_one = {"schedule__pretrain": steps // 16, "schedule__length": steps - steps // 16}
    labels = {"objective__name": "pseudo_label", **four}

    def row(name: str, **settings: object) -> Row:
        return Row(name, changed(base, **settings))

    rows = [
        row("re-projection, eq. (2)", objective__name="reprojection"),
        Row(
            "re-projection + adversarial",
            changed(base, objective__name="reprojection"),
            adversarial=True,
            note="uses unpaired 3D of other people",
        ),
        row("transform re-projection, eq. (7)"),
        row("+ virtual views (8 of 12)", augmentation__share=2 / 3),
        row("+ virtual views, 4 blocks", augmentation__share=2 / 3, model__blocks=4),
        row("+ virtual views, 27 frames", augmentation__share=2 / 3, model__frames=27),
        row("+ virtual views, 81 frames", augmentation__share=2 / 3, model__frames=81),
        row("+ virtual views, 243 frames", augmentation__share=2 / 3, model__frames=243),
        row("with stage one, eq. (6)", **stage_one),
        row("plain root, no stage one", model__root="plain"),
        row("plain root, with stage one", model__root="plain", **stage_one),
        row("learning rate 1e-3", optimizer__learning_rate=1e-3),
        row("learning rate 1e-2", optimizer__learning_rate=1e-2),
        row("weights of the target", objective__weight_from="target"),
        row("weights' product", objective__weight_from="product"),
        row("lambda 0.1", objective__transform_weight=0.1),
        row("lambda 10", objective__transform_weight=10.0),
        row("squared norm, as printed", objective__norm="squared"),
        row("robust norm", objective__norm="robust"),
        row("all four views", **four),
        row("poses judged where the views place them", objective__root_from="views", **four),
        row(
            "the same, target weights, lambda 10, new views",
            objective__root_from="views",
            objective__weight_from="target",
            objective__transform_weight=10.0,
            augmentation__share=0.75,
            **four,
        ),
        row("pseudo-labels by DLT", objective__labels="dlt", **labels),
        row("pseudo-labels, robust", objective__labels="robust", **labels),
        row("pseudo-labels, robust, new views", augmentation__share=0.75, **labels),
    ]
    bound = Row("supervised", changed(base, **labels), supervised=True, note="UPPER BOUND")
    new_views = changed(base, augmentation__share=0.75, **labels)
    return [*rows, bound, Row("supervised, new views", new_views, None, True, note="UPPER BOUND")]


def beyond_rows(base: Config) -> list[Row]:
    """What else there is to gain; each row changes one thing of the first."""

    def row(name: str, **settings: object) -> Row:
        return Row(name, changed(base, **settings))

    half = base.schedule.length // 2
    transform = {
        "objective__name": "transform",
        "objective__root_from": "views",
        "objective__weight_from": "target",
        "objective__transform_weight": 10.0,
    }
    double = {"schedule__batch": 2 * base.schedule.batch, "schedule__length": half}
    return [
        row("the base: refined labels, new views, limbs, exchange, confidences"),
        row("labels not refined", objective__labels="robust"),
        row("no new views", augmentation__share=0.0),
        row("all samples new views", augmentation__share=1.0),
        row("new views, not turned", augmentation__turn="false"),
        row("not mirrored", augmentation__mirror="false"),
        row("no other limbs", augmentation__limbs=0.0),
        row("limbs by up to 20 %", augmentation__limbs=0.2),
        row("limbs bent by up to 0.2 rad", augmentation__bend=0.2),
        row("limbs bent by up to 0.4 rad", augmentation__bend=0.4),
        row("tilted by up to 0.3 rad", augmentation__tilt=0.3),
        row("limbs bent by up to 0.8 rad", augmentation__bend=0.8),
        row("bent by 0.2 and tilted by 0.3 rad", augmentation__bend=0.2, augmentation__tilt=0.3),
        row("bent by 0.5 and tilted by 0.3 rad", augmentation__bend=0.5, augmentation__tilt=0.3),
        row("bent by 0.8 and tilted by 0.6 rad", augmentation__bend=0.8, augmentation__tilt=0.6),
        row("no exchange", augmentation__exchange=0.0),
        row("all exchanged", augmentation__exchange=1.0),
        row("without confidences", model__confidence="false"),
        row("rays not centred", model__input="ray"),
        row("one view of each instant", objective__views=1, schedule__batch=VIEW_SAMPLES),
        row("squared norm", objective__norm="squared"),
        row("robust norm", objective__norm="robust"),
        row("transform loss", **transform),
        row(
            "labels, then transform",
            schedule__pretrain=half,
            schedule__length=half,
            objective__stage_one="labels",
            **transform,
        ),
        *(
            row(
                f"labels and transform, one loss, {weight} px a metre of label",
                **{**transform, "objective__name": "both", "objective__label_weight": weight},
            )
            for weight in (23, 230, 2300)
        ),
        Row(
            "labels and transform, one loss, learned weights",
            changed(base, **{**transform, "objective__name": "both"}),
            learned_weights=True,
        ),
        row("weight decay 0.01", optimizer__weight_decay=0.01),
        row("weight decay 0.1", optimizer__weight_decay=0.1),
        row("weight decay 0.3", optimizer__weight_decay=0.3),
        row("weight decay 1", optimizer__weight_decay=1.0),
        row(
            "bent by 0.5 and tilted by 0.3 rad, weight decay 0.1",
            augmentation__bend=0.5,
            augmentation__tilt=0.3,
            optimizer__weight_decay=0.1,
        ),
        row(
            "bent by 0.5 and tilted by 0.3 rad, weight decay 0.3",
            augmentation__bend=0.5,
            augmentation__tilt=0.3,
            optimizer__weight_decay=0.3,
        ),
        row("twice the batch, half the steps", **double),
        row("learning rate 1e-3", optimizer__learning_rate=1e-3),
        row("learning rate 1e-2", optimizer__learning_rate=1e-2),
        row("dropout 0", model__dropout=0.0),
        row("dropout 0.05", model__dropout=0.05),
        row("dropout 0.25", model__dropout=0.25),
        row("twice as wide", model__width=2 * base.model.width),
        row("4 blocks", model__blocks=4),
        row("9 frames", model__frames=9),
        row("27 frames", model__frames=27),
        row("27 frames as paths", model__frames=27, model__temporal="paths"),
        row("81 frames as paths", model__frames=81, model__temporal="paths"),
        Row("supervised, all else equal", base, supervised=True, note="UPPER BOUND"),
    ]


def robustness_rows(base: Config) -> list[Row]:
    """The base on worse recordings; tested on one with their confidences, else undamaged."""
    views = {f"{n} views": ("views", n) for n in (3, 2)}
    damages: dict[str, tuple[str, float] | None] = {
        "undamaged": None,
        **views,
        "confidences shuffled": ("shuffled", 0),
        "confidences flat": ("flat", 0),
        "confidences of 0 or 1": ("binary", 0.5),
        "detector noise x 2": ("noise", 2),
        "joints defined otherwise, 30 mm": ("bias", 0.03),
        "rotations off by 0.1 degree": ("rotation", 0.1),
        "rotations off by 0.5 degree": ("rotation", 0.5),
        "rotations off by 1 degree": ("rotation", 1),
        "10 % of the frames": ("frames", 0.1),
        "1 % of the frames": ("frames", 0.01),
    }
    rows = []
    for name, damage in damages.items():
        config = base
        if damage and damage[0] == "views":
            count = int(damage[1])
            config = changed(base, objective__views=count, schedule__batch=VIEW_SAMPLES // count)
        rows.append(Row(name, config, damage))
        if name == "confidences flat":
            without = changed(base, model__confidence="false")
            rows.append(Row("confidences flat and no input", without, damage))
    return rows


def choose_rows(base: Config) -> list[Row]:
    """Candidates for the recipe, for the full schedule; held-out subjects select it.

    They change the first, which the tables of 4000 steps had made the recipe.
    """
    before = _before(base)
    larger = changed(before, augmentation__noise=NOISE)
    paths = {"model__frames": 27, "model__temporal": "paths"}
    return [
        Row(BEFORE, before),
        Row("half as wide again", changed(before, model__width=base.model.width * 3 // 2)),
        Row("bent by 0.2 rad, weight decay 0.01", _earlier(base)),
        Row("dropout 0.2", changed(before, model__dropout=0.2)),
        Row("dropout 0.05", changed(before, model__dropout=0.05)),
        Row("weight decay 1", changed(before, optimizer__weight_decay=1.0)),
        Row("bent by 0.8 rad", changed(before, augmentation__bend=0.8)),
        Row("limbs by up to 20 %", changed(before, augmentation__limbs=0.2)),
        Row("4 blocks", changed(before, model__blocks=4)),
        Row("errors re-applied 1.14 times as large", larger),
        Row(
            "errors re-applied 1.14 times as large, no dropout", changed(larger, model__dropout=0.0)
        ),
        Row("the recipe: dropout 0.05, errors re-applied 1.14 times as large", _recipe(base)),
        Row(
            "dropout 0.05, errors re-applied 1.3 times as large",
            changed(_recipe(base), augmentation__noise=1.3),
        ),
        Row("27 frames as paths", changed(before, **paths)),
        Row("the recipe, 27 frames as paths", changed(_recipe(base), **paths)),
    ]


def decide_rows(base: Config, size: Size) -> list[Row]:
    """Rows for the full schedule: the recipe of configs/cmu_h36m_rig.py and its alternatives.

    At size `full` four of them.
    """
    base = changed(base, data__validation_share=0.02)
    default, before = _recipe(base), _before(base)
    alone = changed(
        base,
        objective__labels="robust",
        augmentation__share=0.0,
        model__confidence="false",
        optimizer__learning_rate=3e-3,
    )
    printed = changed(
        alone,
        objective__name="transform",
        objective__views=2,
        schedule__batch=VIEW_SAMPLES // 2,
        augmentation__share=2 / 3,
        augmentation__limbs=0.0,
        augmentation__exchange=0.0,
    )

    def bound(name: str, config: Config) -> Row:
        return Row(name, config, supervised=True, note="UPPER BOUND")

    deciding = [
        Row("default recipe", default),
        bound("supervised, all else equal", default),
        Row("triangulated labels alone", alone),
        Row("eq. (7) and virtual views, at the network's root", printed),
    ]
    if size == "full":
        return deciding
    wide = changed(before, model__width=base.model.width * 3 // 2)
    paths = {"model__temporal": "paths"}
    transform = changed(
        wide,
        objective__name="transform",
        objective__root_from="views",
        objective__weight_from="target",
        objective__transform_weight=10.0,
    )
    return [
        *deciding[:2],
        bound("supervised, errors not enlarged", changed(default, augmentation__noise=1.0)),
        Row(BEFORE, before),
        bound(f"supervised, {BEFORE}", before),
        Row(f"half as wide again, {BEFORE}", wide),
        bound(f"supervised, half as wide again, {BEFORE}", wide),
        Row("bent by 0.2 rad, weight decay 0.01, dropout 0.1", _earlier(base)),
        Row("27 frames as paths", changed(default, model__frames=27, **paths)),
        Row(f"27 frames as paths, {BEFORE}", changed(before, model__frames=27, **paths)),
        Row("27 frames", changed(default, model__frames=27)),
        *deciding[2:],
        Row("eq. (7), placed by the views, half as wide again", transform),
    ]


def _earlier(base: Config) -> Config:
    """The base in new poses, limbs hardly bent, little weight decay."""
    amounts = {"augmentation__bend": 0.2, "augmentation__tilt": 0.3}
    return changed(base, optimizer__weight_decay=0.01, **amounts)


def _before(base: Config) -> Config:
    """The base in more new poses, its weights held back: best of what was run for 4000 steps."""
    return changed(_earlier(base), augmentation__bend=0.5, optimizer__weight_decay=0.3)


def _recipe(base: Config) -> Config:
    """Less dropout, residual noise unscaled: the best row of the full schedule."""
    return changed(_before(base), model__dropout=0.05, augmentation__noise=NOISE)


def rows_of(table: str, train: str, held: str, size: Size) -> list[Row]:
    """A table's rows for a training recording."""
    if table == "paper":
        return paper_rows(paper_base(train, held, size))
    base = label_base(train, held, size)
    if table == "quick":
        return quick_rows(_recipe(base))
    if table == "detector":
        return detector_rows(short(_recipe(base)))
    if table == "decide":
        return decide_rows(base, size)
    rows = {"beyond": beyond_rows, "robustness": robustness_rows, "choose": choose_rows}
    return rows[table](base)
