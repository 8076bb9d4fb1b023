"""Real motion (CMU) through Human3.6M's published cameras with a modelled detector; no 3D label used.

Needs ../shared/data/cmu_h36m_rig. By default triangulated labels teach, each sample one of them or, in
three of four cases, a new view of one (mirrored, scaled, turned, moved). The paper's loss instead:

    --config.objective.name=transform

What to expect on dev.npz is in README, Results.
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
