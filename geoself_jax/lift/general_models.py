"""The models that come with the package: names that stand for folders of exports."""

from pathlib import Path

from geoself_jax.core.errors import missing_error
from geoself_jax.runtime.cli import program

FOLDER = Path(__file__).parent / "models"


def general_models() -> dict[str, Path]:
    """Returns the folder of each model by its name, e.g. `general-coco17`."""
    return {path.name: path for path in sorted(FOLDER.glob("general-*"))}


def model_folder(given: Path | str) -> Path:
    """Returns the folder of a model that was named, or the folder that was given.

    A folder of a model's name does not hide it: `./general-coco17` is the folder. Nothing is
    fetched.

    Args:
        given: Name of a model, or the folder of an export.

    Raises:
        GeoselfError: No such folder or name (66).
    """
    known = general_models()
    if str(given) in known:
        return known[str(given)]
    folder = Path(given)
    if not folder.exists():
        raise missing_error(
            str(given),
            "no such folder",
            f"give the folder that {program('export')} wrote, or one of the models that are here: "
            f"{', '.join(known)}",
        )
    return folder
