"""What training looks at before it starts: the checks of inspect that can find an error."""

from dataclasses import astuple, fields

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.data.kept import kept, recording_key
from geoself_jax.data.length_unit import in_length_units
from geoself_jax.data.recording import Recording
from geoself_jax.inspect import report
from geoself_jax.inspect.sample import samples_of
from geoself_jax.inspect.verdicts import Verdict, worst_first


@in_float32
def check_before_training(source: str, recording: Recording, *, force: bool = False) -> list[str]:
    """Refuses a recording in which inspect finds an error, by the same checks and limits.

    Args:
        source: Name for messages.
        recording: Detections and cameras.
        force: Return errors as lines too.

    Returns:
        One line for each warning.

    Raises:
        GeoselfError: What is wrong first, in one line (65).
    """
    lines = []
    for verdict in _findings(recording):
        if verdict.severity == "error" and not force:
            do = f"{verdict.do}; --config.data.force=true trains all the same".lstrip("; ")
            raise data_error(f"{source}: {verdict.what}", verdict.evidence, do)
        lines.append(f"{source}: {verdict.line}")
    return lines


def _findings(recording: Recording) -> list[Verdict]:
    """What is wrong or suspicious, worst first; kept for the next command on the recording."""

    def make() -> dict[str, np.ndarray]:
        sized = in_length_units(recording)
        samples = samples_of(sized)[: report.RIGS]
        found = report.of_detections(sized)
        found += report.of_geometry(sized, samples, thorough=False)
        bad = [astuple(v) for v in worst_first(found) if v.severity in ("error", "warning")]
        return {"findings": np.array(bad, np.str_).reshape(len(bad), len(fields(Verdict)))}

    rows = kept("findings", recording_key(recording), make)["findings"]
    return [Verdict(*(str(text) for text in row)) for row in rows]  # type: ignore[arg-type]
