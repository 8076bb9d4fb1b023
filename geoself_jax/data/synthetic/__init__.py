"""The built-in data: procedural human motion, four cameras, a modelled detector.

Nothing here is measured and nothing is downloaded: it is there so that every command runs, and
every test can be made, without a data set.
"""

from geoself_jax.data.synthetic.generate import SUBJECTS, generate

__all__ = ["SUBJECTS", "generate"]
