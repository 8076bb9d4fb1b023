"""A trained model on a lab's own footage: minutes of it, from two to four cameras; no 3D label.

    geoself train --config=finetune --config.init=MODEL --config.data.train=FILE.npz --workdir=RUN

MODEL is general-coco17 or another general model (docs/general.md), or a run's folder or an
export's, of single frames by cmu_h36m_rig's networks; for windows add
--config.model.frames=27 --config.model.temporal=paths. FILE.npz is what `prepare` wrote
(docs/data.md); with two or three cameras add --config.objective.views=2. What to expect is in
docs/train.md.
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
        data=DataConfig(train="lab.npz", validation_share=0.1),
        model=ModelConfig(
            width=512,
            blocks=2,
            dropout=0.0,
            root_width=256,
            root_blocks=2,
            confidence=True,
            symmetric=True,
        ),
        objective=ObjectiveConfig(name="pseudo_label", labels="refined", views=4),
        augmentation=AugmentationConfig(
            share=0.75, limbs=0.1, bend=0.5, tilt=0.3, exchange=0.5, noise=1.14
        ),
        optimizer=OptimizerConfig(learning_rate=3e-3, warmup=0.1, weight_decay=0.3),
        schedule=ScheduleConfig(length=2_000, batch=64, call=100),
    )
