import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from geoself_jax.core.layers import BatchNorm, Dense, fold_norm, keep_mask

ROWS, UNITS = 512, 1024


def mask(seed, rate=0.25, shape=(ROWS, UNITS), first_row=0):
    key = jax.random.bits(jax.random.key(seed), (2,), jnp.uint32)
    return np.asarray(keep_mask(key, shape, rate, first_row))


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.25, 0.9])
def test_the_share_that_is_dropped_is_the_rate(rate):
    dropped = 1 - mask(0, rate).mean()
    assert abs(dropped - rate) <= 5 * np.sqrt(rate * (1 - rate) / (ROWS * UNITS))


def test_rows_and_units_are_dropped_as_often_as_coins_would():
    kept = mask(1)
    for axis, count in ((0, ROWS), (1, UNITS)):
        sums = kept.sum(axis)
        expected = count * 0.25 * 0.75
        spread = expected * np.sqrt(2 / len(sums))  # standard deviation of a variance
        assert abs(sums.var() - expected) < 5 * spread


def test_neighbours_other_keys_and_other_layers_know_nothing_of_each_other():
    kept = mask(2) - 0.75
    noise = 5 * 0.25 * 0.75 / np.sqrt(kept.size)
    for rows in (0, 1, 2, 64):
        for units in (0, 1, 2, 4, 64, 512):
            if rows or units:
                moved = np.roll(kept, (rows, units), (0, 1))
                assert abs((kept * moved).mean()) < noise, (rows, units)
    for other in (3, 4, 5):
        assert abs((kept * (mask(other) - 0.75)).mean()) < noise
    step = jax.random.bits(jax.random.key(0), (9, 2), jnp.uint32)
    first, second = (np.asarray(keep_mask(k, (ROWS, UNITS), 0.25)) - 0.75 for k in step[:2])
    assert abs((first * second).mean()) < noise


def test_a_part_of_a_batch_drops_what_the_whole_drops_there():
    whole = mask(7)
    parts = [mask(7, shape=(ROWS // 4, UNITS), first_row=i * ROWS // 4) for i in range(4)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_batch_norm_is_flaxs():
    x = 3 + 2 * jax.random.normal(jax.random.key(0), (64, 32))
    ours, theirs = BatchNorm(), nn.BatchNorm(momentum=0.99)
    variables = ours.init(jax.random.key(0), x, train=False)
    jax.tree.map(
        np.testing.assert_array_equal,
        variables,
        theirs.init(jax.random.key(0), x, use_running_average=True),
    )
    a, kept = ours.apply(variables, x, train=True, mutable=["batch_stats"])
    b, wanted = theirs.apply(variables, x, use_running_average=False, mutable=["batch_stats"])
    np.testing.assert_allclose(a, b, atol=2e-5)
    jax.tree.map(lambda m, n: np.testing.assert_allclose(m, n, rtol=1e-5), kept, wanted)
    late = {**variables, **kept}
    np.testing.assert_allclose(
        ours.apply(late, x, train=False),
        theirs.apply(late, x, use_running_average=True),
        atol=2e-5,
    )


def test_a_layer_drops_in_training_only_and_keeps_the_mean():
    x = jax.random.normal(jax.random.key(0), (400, 64))
    key = jnp.array([1, 2], jnp.uint32)
    layer = Dense(512, dropout=0.3)
    variables = layer.init(jax.random.key(0), x, key, train=False)
    dropped, _ = layer.apply(variables, x, key, train=True, mutable=["batch_stats"])
    whole, _ = Dense(512).apply(variables, x, key, train=True, mutable=["batch_stats"])
    gone = (np.asarray(dropped) == 0) & (np.asarray(whole) > 0)
    assert abs(gone.sum() / (np.asarray(whole) > 0).sum() - 0.3) < 0.01
    there = ~gone
    np.testing.assert_allclose(dropped[there], whole[there] / 0.7, rtol=1e-5)
    once, again = (layer.apply(variables, x, key, train=False) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_bfloat16_is_only_in_the_products():
    x = jax.random.normal(jax.random.key(0), (64, 16))
    key = jnp.zeros((2,), jnp.uint32)
    layer = Dense(32, compute="bfloat16")
    variables = layer.init(jax.random.key(0), x, key, train=False)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    out, kept = layer.apply(variables, x, key, train=True, mutable=["batch_stats"])
    assert out.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(kept)} == {jnp.dtype("float32")}
    exact, _ = Dense(32).apply(variables, x, key, train=True, mutable=["batch_stats"])
    assert 1e-4 < float(jnp.abs(out - exact).max()) < 0.1


def test_folded_weights_say_the_same():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(64, 16)), jnp.float32)
    key = jnp.zeros((2,), jnp.uint32)
    variables = Dense(32).init(jax.random.key(0), x, key, train=False)
    variables = jax.tree.map(lambda v: v + rng.uniform(0.1, 1, v.shape), variables)
    folded = fold_norm({"a": variables["params"]}, {"a": variables["batch_stats"]})["a"]
    assert set(folded) == {"linear"}
    wanted = Dense(32).apply(variables, x, key, train=False)
    found = Dense(32, folded=True).apply({"params": folded}, x, key, train=False)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
