"""How many decimals lengths have in files of text: by the body's size."""

import math

import numpy as np

from geoself_jax.data.body_size import body_size

_PERSON = 0.5  # metres: of this size and above a person's decimals do
_MOST = 200  # frames that are measured


def finer(pose: np.ndarray) -> int:
    """Returns how many decimals a body's lengths need more than a person's; 0 for larger ones.

    The last of six decimals, a micrometre, is then at most 1/500,000 of any body.

    Args:
        pose: (T, J, 3) metres; NaN where missing.
    """
    known = pose[np.isfinite(pose).all(-1).sum(-1) > 1]
    size = body_size(known[:: max(1, len(known) // _MOST)]) if len(known) else math.nan
    return max(0, math.ceil(math.log10(_PERSON / size))) if size > 0 else 0
