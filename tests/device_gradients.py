"""Run by test_devices.py with eight virtual devices: one SGD step on 1 to 8 of them, as JSON."""

import json

import one_step

from geoself_jax.train import parallel as runner

WAYS = {
    "transform": [("jit", 2), ("jit", 4), ("jit", 8), ("pmap", 8)],
    "pseudo_label": [("pmap", 2)],
}
rows = []
for objective, ways in WAYS.items():
    alone = one_step.after(runner.data_mesh(1), "jit", objective)
    largest = one_step.worst(alone.params, one_step.start.params)
    for parallel, count in ways:
        shared = one_step.after(runner.data_mesh(count), parallel, objective)
        rows.append(
            {
                "objective": objective,
                "parallel": parallel,
                "devices": count,
                "largest_gradient": largest,
                "gradient_off": one_step.worst(shared.params, alone.params) / largest,
                "statistics_off": one_step.worst(shared.batch_stats, alone.batch_stats),
                "statistics_moved": one_step.worst(alone.batch_stats, one_step.start.batch_stats),
            }
        )
print(json.dumps(rows))
