"""The paper's loss, eq. (7), on real motion (CMU) through Human3.6M's cameras; no 3D label used.

    geoself train --config=cmu_h36m_rig_transform --workdir=RUN
    geoself evaluate --workdir=RUN --data=../shared/data/cmu_h36m_rig/dev.npz

What differs from the paper's recipe (paper): all four views of an instant in place of a random
pair, the plain norm, lambda = 10 (eq. (2) asks for the detector's own errors back), the target's
confidence as weight, the loss evaluated at the multi-view root (otherwise the pose compensates for
the error of the predicted root), a root on its joint's ray in place of stage one, and synthesized
views of triangulated bodies. Many small steps do better than few large ones. What to expect is in
README, Results.
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
        data=DataConfig(train="../shared/data/cmu_h36m_rig/train.npz"),
        model=ModelConfig(width=512, blocks=2, dropout=0.1, root_width=256, root_blocks=2),
        objective=ObjectiveConfig(
            name="transform",
            views=4,
            transform_weight=10.0,
            weight_from="target",
            root_from="views",
        ),
        augmentation=AugmentationConfig(share=0.75),
        optimizer=OptimizerConfig(learning_rate=2e-3),
        schedule=ScheduleConfig(length=24_000, batch=32, call=100),
    )
