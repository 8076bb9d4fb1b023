"""Run by test_parallel.py in two processes: one SGD step on both, and on one alone, as JSON."""

import json
import sys

import jax
import numpy as np

from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.runtime import devices, hosts

coordinator, process = sys.argv[2], int(sys.argv[3])
devices.start(Config(distributed=DistributedConfig(coordinator, 2, process)))
assert jax.process_count() == 2 and hosts.is_leader() == (process == 0)
assert hosts.any_host(process == 1) and not hosts.any_host(False)
assert hosts.all_same("a") and not hosts.all_same(str(process))
sent = hosts.from_leader((np.array([1.0234567890123, 4.8]) + process, np.array(process == 0)))
assert sent[0].tolist() == [1.0234567890123, 4.8] and bool(sent[1])  # every bit of 64

import one_step  # noqa: E402 (after the start: it looks at the devices)

from geoself_jax.train import parallel as runner  # noqa: E402

AUTO = (jax.sharding.AxisType.Auto,)
mine = jax.make_mesh((1,), ("data",), axis_types=AUTO, devices=jax.local_devices())
alone = one_step.after(mine, "jit", "transform") if process == 0 else None
rows = []
for parallel, fed in (("jit", False), ("jit", True), ("pmap", True)):
    both = one_step.after(runner.data_mesh(), parallel, "transform", fed=fed)
    params, statistics = hosts.own_copy((both.params, both.batch_stats))
    if alone is not None:  # one process is enough to compare in
        largest = one_step.worst(alone.params, one_step.start.params)
        rows.append(
            {
                "parallel": parallel,
                "fed": fed,
                "largest_gradient": largest,
                "gradient_off": one_step.worst(params, alone.params) / largest,
                "statistics_off": one_step.worst(statistics, alone.batch_stats),
            }
        )
if process == 0:
    print(json.dumps(rows))
