"""What training looks at before it starts: the checks of inspect that can find an error."""

from geoself_jax.core.errors import data_error
from geoself_jax.data.recording import Recording
from geoself_jax.inspect import report
from geoself_jax.inspect.sample import samples_of
from geoself_jax.inspect.verdicts import worst_first


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
    samples = samples_of(recording)[: report.RIGS]
    found = report.of_detections(recording)
    found += report.of_geometry(recording, samples, thorough=False)
    lines = []
    for verdict in worst_first(found):
        if verdict.severity == "error" and not force:
            do = f"{verdict.do}; --config.data.force=true trains all the same".lstrip("; ")
            raise data_error(f"{source}: {verdict.what}", verdict.evidence, do)
        if verdict.severity in ("error", "warning"):
            lines.append(f"{source}: {verdict.line}")
    return lines
