"""What the processes of `life` have imported before they start; no device is touched."""

import geoself_jax.evaluate.__main__
import geoself_jax.evaluate.report
import geoself_jax.export.__main__
import geoself_jax.lift.__main__
import geoself_jax.runtime.checkpoints
import geoself_jax.train.__main__
import geoself_jax.train.run  # noqa: F401
