"""How long a run is: steps of each stage, and the calls to the devices that make them."""

from collections.abc import Iterator
from dataclasses import dataclass

from geoself_jax.core.config import Config


@dataclass(frozen=True)
class Stages:
    """Steps of stage one and in all, and of a call; a call is of one stage."""

    pretrain: int
    total: int
    call: int

    def calls(self, done: int) -> Iterator[tuple[bool, int, int]]:
        """Whether it is stage one's, its first step and its steps, for each call still to do."""
        while done < self.total:
            end = self.pretrain if done < self.pretrain else self.total
            steps = min(self.call, end - done)
            yield done < self.pretrain, done, steps
            done += steps


def make_stages(config: Config, frames: int) -> Stages:
    """The schedule in steps, for a recording of that many frames."""
    schedule = config.schedule
    unit = 1 if schedule.unit == "steps" else max(frames // schedule.batch, 1)
    pretrain = schedule.pretrain * unit
    return Stages(pretrain, pretrain + schedule.length * unit, schedule.call)
