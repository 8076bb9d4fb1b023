"""Do the images show how far away the body is, or are the lenses too long for that?"""

import numpy as np

from geoself_jax.data.body_size import body_size
from geoself_jax.inspect.sample import Sample
from geoself_jax.inspect.verdicts import Verdict, ok, warning

CHECK = "perspective"
FAR = 30.0
"""Distance, in sizes of the body, from which on one image hardly shows how far away it is.

One size nearer the body looks 3 % larger or less, and animals of one kind differ by more.
"""


def check_perspective(sample: Sample) -> list[Verdict]:
    """A warning where cameras are more than `FAR` sizes of the body away."""
    size, (_, depth) = body_size(sample.points), sample.seen_by_all
    known = [depth[:, view][np.isfinite(depth[:, view])] for view in range(sample.views)]
    away = np.array([np.median(values) / size if values.size else np.nan for values in known])
    rig = f"rig {sample.whole.rig_names[sample.rig]}"
    far = [view for view in range(sample.views) if away[view] > FAR]
    if not far or not size > 0:
        return [ok(CHECK, f"{rig}: one camera shows how far away the body is")]
    least, most = np.nanmin(away[far]), np.nanmax(away[far])
    names = ", ".join(sample.whole.camera_names[view] for view in far)
    what = f"{rig}: {names} hardly show{'s' * (len(far) == 1)} how far away the body is"
    evidence = f"it is {least:.0f} to {most:.0f} of its sizes away: one size nearer it looks "
    evidence += f"{100 / least:.2g} % larger, and a lifted distance is the usual one"
    do = "use lifted poses relative to the root, triangulate positions from several cameras, "
    do += "and do not shorten training, which starts later there"
    return [warning(CHECK, what, evidence, do)]
