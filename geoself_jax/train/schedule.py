"""How long a run is: steps of each stage, and the calls to the devices that make them."""

from collections.abc import Iterator
from dataclasses import dataclass

from geoself_jax.core.config import Config
from geoself_jax.core.errors import usage_error

VALIDATIONS = 20
"""At least as many a run, if it has as many calls."""


@dataclass(frozen=True)
class Stages:
    """Steps of stage one and in all, and of a call; a call is of one stage."""

    pretrain: int
    total: int
    call: int

    def validation_period(self, calls: int) -> int:
        """Steps from one validation to the next, whole calls.

        Args:
            calls: At most as many; fewer where a run would have fewer than `VALIDATIONS`.
        """
        return self.call * min(calls, max(self.total // VALIDATIONS // self.call, 1))

    def calls(self, done: int, *, any_length: bool = False) -> Iterator[tuple[bool, int, int]]:
        """Whether it is stage one's, its first step and its steps, for each call still to do.

        Args:
            done: Steps done before.
            any_length: Whether a call may have any steps at no cost: then a run's first has one
                step, which shows as soon as it can that it works, and others end at whole calls.
        """
        while done < self.total:
            end = self.pretrain if done < self.pretrain else self.total
            steps = min(self.call, end - done)
            if any_length:
                steps = min(self.call - done % self.call if done else 1, end - done)
            yield done < self.pretrain, done, steps
            done += steps


def make_stages(config: Config, frames: int) -> Stages:
    """The schedule in steps, for a recording of that many frames.

    Raises:
        GeoselfError: No step, or more than a counter of 32 bits holds (64).
    """
    schedule = config.schedule
    unit = 1 if schedule.unit == "steps" else max(frames // schedule.batch, 1)
    pretrain = schedule.pretrain * unit
    total = pretrain + schedule.length * unit
    if total < 1:
        do = "set config.schedule.length to 1 or more"
        raise usage_error("config.schedule", "no step to train", do)
    if total >= 2**31:
        what = f"config.schedule: pretrain={schedule.pretrain} and length={schedule.length} epochs"
        raise usage_error(what, f"are {total} steps, wanted fewer than {2**31}", "lower them")
    return Stages(pretrain, total, schedule.call)
