import pytest

from geoself_jax.core.config import Config, ScheduleConfig
from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.train.schedule import Stages, make_stages


@pytest.mark.parametrize("done", [0, 1, 37, 50, 120, 129, 130])
@pytest.mark.parametrize("any_length", [False, True])
def test_calls_make_up_what_is_left_and_never_cross_a_stage(done, any_length):
    stages = Stages(pretrain=60, total=130, call=50)
    at = done
    for pretrain, first, steps in stages.calls(done, any_length=any_length):
        assert first == at and 1 <= steps <= 50
        assert pretrain == (first < 60) and not first < 60 < first + steps
        at += steps
    assert at == max(done, 130) == 130


def test_a_runs_first_call_is_one_step_and_the_others_end_where_they_would():
    calls = list(Stages(0, 130, 50).calls(0, any_length=True))
    assert [first + steps for _, first, steps in calls] == [1, 50, 100, 130]
    again = list(Stages(0, 130, 50).calls(50, any_length=True))
    assert [first + steps for _, first, steps in again] == [100, 130]


def test_a_schedule_without_a_step_is_refused():
    config = Config(schedule=ScheduleConfig(length=0))
    with pytest.raises(GeoselfError, match="no step to train") as refused:
        make_stages(config, 1000)
    assert refused.value.code == USAGE
