"""One row of a table: a recipe, its supervision, and the damage to its data."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from geoself_jax.core.config import Config, replace_at, split_where


@dataclass(frozen=True)
class Row:
    """A recipe under a name.

    Attributes:
        name: In the table.
        config: What is trained.
        damage: What is done to the training recording (`damage.DAMAGES`), with its amount.
        shown: What is done to the test recording and the held-out subjects; None: nothing, except
            to confidences as `damage` does.
        supervised: Trained on ground truth: an upper bound, marked as such.
        adversarial: Re-projection with a discriminator of poses, which uses 3D: marked as such.
        learned_weights: Of the two losses of objective `both`.
        note: Shown behind the name.
    """

    name: str
    config: Config
    damage: tuple[str, float] | None = None
    shown: tuple[str, float] | None = dataclasses.field(default=None, kw_only=True)
    supervised: bool = False
    adversarial: bool = False
    learned_weights: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if self.supervised + self.adversarial + self.learned_weights > 1:
            raise ValueError(f"{self.name}: two kinds of supervision at once")

    def seeded(self, seed: int) -> "Row":
        """The same with another seed."""
        return dataclasses.replace(self, config=dataclasses.replace(self.config, seed=seed))

    def computed_in(self, compute: str) -> "Row":
        """The same, its products in float32 or in bfloat16."""
        return dataclasses.replace(self, config=changed(self.config, compute=compute))

    def key(self, data: str) -> str:
        """Digest of all that its result depends on but the program itself.

        Settings at their defaults are left out, so that a new one does not make old results
        another row's.

        Args:
            data: Digest of the recordings.
        """
        identity = {
            "config": _unlike(split_where(self.config)[0], split_where(Config())[0]),
            "damage": self.damage,
            "supervised": self.supervised,
            "adversarial": self.adversarial,
            "data": data,
        }
        if self.learned_weights:
            identity["learned_weights"] = True
        if self.shown:
            identity["shown"] = self.shown
        if self.config.compute == "bfloat16":
            identity["compute"] = self.config.compute
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _unlike(settings: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The settings that differ from the defaults."""
    return {
        key: _unlike(value, defaults[key]) if isinstance(value, dict) else value
        for key, value in settings.items()
        if value != defaults[key]
    }


def changed(config: Config, **settings: Any) -> Config:
    """A configuration with some keys set, `group__key=value`."""
    for key, value in settings.items():
        config = replace_at(config, key.replace("__", "."), str(value))
    return config
