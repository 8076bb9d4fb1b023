"""Real motion (CMU) through Human3.6M's published cameras, a modelled detector; no 3D label used.

    python -m geoself_jax.train --config=configs/cmu_h36m_rig.py --workdir=RUN
    python -m geoself_jax.evaluate --workdir=RUN --data=../shared/data/cmu_h36m_rig/dev.npz

Needs ../shared/data/cmu_h36m_rig. Triangulated labels teach: a sample is one of them as it was seen
or, in three of four cases, a new view of one (mirrored, scaled, turned, moved). The paper's loss is
in configs/cmu_h36m_rig_transform.py. What to expect is in README, Results.
"""

from geoself_jax.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    ScheduleConfig,
)


def get_config() -> Config:
    return Config(
        data=DataConfig(train="../shared/data/cmu_h36m_rig/train.npz"),
        model=ModelConfig(width=512, blocks=2, dropout=0.1, root_width=256, root_blocks=2),
        objective=ObjectiveConfig(name="pseudo_label", views=4),
        augmentation=AugmentationConfig(share=0.75),
        schedule=ScheduleConfig(length=12_000, batch=64),
    )
