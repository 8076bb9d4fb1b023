"""Real motion (CMU) through Human3.6M's published cameras, a modelled detector; no 3D label used.

    python -m geoself_jax.train --config=configs/cmu_h36m_rig.py --workdir=RUN
    python -m geoself_jax.evaluate --workdir=RUN --data=../shared/data/cmu_h36m_rig/dev.npz

Needs ../shared/data/cmu_h36m_rig. Triangulated labels teach, refined over time and bones: a sample
is one of them as it was seen or, in three of four cases, a new view of a new body: mirrored,
scaled, its limbs stretched and bent, tilted, turned, moved, half of them with the upper body of
another instant. Into new views the detections' errors are put back 1.14 times as large as they are
beside the labels, which have absorbed the rest (`python -m benchmarks.refinement` measures it
without ground truth).
Each choice was made by the label-free score of people held out from training (docs/accuracy.md).
The paper's loss is in configs/cmu_h36m_rig_transform.py. What to expect is in README, Results.
"""

from geoself_jax.core.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
)


def get_config() -> Config:
    return Config(
        data=DataConfig(train="../shared/data/cmu_h36m_rig/train.npz", validation_share=0.02),
        model=ModelConfig(
            width=512, blocks=2, dropout=0.05, root_width=256, root_blocks=2, confidence=True
        ),
        objective=ObjectiveConfig(name="pseudo_label", labels="refined", views=4),
        augmentation=AugmentationConfig(
            share=0.75, limbs=0.1, bend=0.5, tilt=0.3, exchange=0.5, noise=1.14
        ),
        optimizer=OptimizerConfig(learning_rate=5e-3, weight_decay=0.3),
        schedule=ScheduleConfig(length=30_000, batch=64, call=100),
    )
