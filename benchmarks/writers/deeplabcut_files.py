"""DeepLabCut's tables of known poses, by the function that `analyze_videos` writes them with."""

import sys
from pathlib import Path

import deeplabcut
import numpy as np
from deeplabcut.pose_estimation_pytorch.apis.videos import create_df_from_prediction

from benchmarks.writers.known import COCO, Written, people


def main(folder: Path) -> None:
    """Writes a table of one animal, of two, and of two with the corners of their box."""
    written = Written(folder, f"deeplabcut {deeplabcut.__version__}")
    for count, corners in ((1, 0), (2, 0), (2, 4)):
        found = people(count=count)
        predictions = [{"bodyparts": found[:, f]} for f in range(found.shape[1])]
        if corners:
            for one in predictions:
                one["unique_bodyparts"] = np.full((1, corners, 3), 0.5)
        metadata = {
            "bodyparts": list(COCO),
            "unique_bodyparts": [f"corner{n}" for n in range(corners)],
            "individuals": [f"p{n + 1}" for n in range(count)],
        }
        prefix = f"cam1DLC_{count}_{corners}"
        create_df_from_prediction(
            predictions, "DLC_model", count > 1, {"metadata": metadata}, folder, prefix, True
        )
        for end in ("h5", "csv"):
            what = f"{count} animal{'s' * (count > 1)}{', unique body parts' * bool(corners)}"
            written.add(f"{prefix}.{end}", f"create_df_from_prediction, .{end}, {what}", found)
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
