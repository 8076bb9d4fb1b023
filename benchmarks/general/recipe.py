"""What the general models are: their joints, and how each is trained."""

from pathlib import Path

from geoself_jax.core.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
)

MODELS = {
    "general-coco17": "coco_17",
    "general-halpe26": "halpe_26",
    "general-h36m17": "h36m_17",
}
"""The skeleton of each, in `data.skeletons.KNOWN_SKELETONS`."""

RIG = Path("cmu_h36m_rig/train.npz")
"""In the folder of the data: whose motion is triangulated."""

CLIPS = 300
"""Of 8 seconds, of the built-in generator."""

HELD_OUT = "03,16,builtin07,builtin21"
"""Subjects that uncertainties are calibrated on and choices are made by; never trained on."""


STEPS = 8_000


def config(steps: int, seed: int = 0) -> Config:
    """The recipe of configs/cmu_h36m_rig.py, of two views an instant: more bodies, more cameras.

    Args:
        steps: Of training.
        seed: Of weights and batches.
    """
    return Config(
        data=DataConfig(train="general motion", validation_subjects=HELD_OUT, force=True),
        model=ModelConfig(
            width=512,
            blocks=2,
            dropout=0.0,
            root_width=256,
            root_blocks=2,
            confidence=True,
            symmetric=True,
            uncertainty=True,
            length_unit=1.0,
        ),
        objective=ObjectiveConfig(name="pseudo_label", labels="robust", views=2),
        augmentation=AugmentationConfig(
            share=0.6, scale=0.1, limbs=0.05, bend=0.4, tilt=0.3, exchange=0.4
        ),
        optimizer=OptimizerConfig(learning_rate=5e-3, weight_decay=0.3),
        schedule=ScheduleConfig(length=steps, batch=128, call=100),
        seed=seed,
    )
