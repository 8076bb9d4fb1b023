"""Ultralytics' `Results` of known keypoints, saved by `save_txt`, `summary` and `to_json`."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import ultralytics
from ultralytics.engine.results import Results

from benchmarks.writers.known import HEIGHT, WIDTH, Written, people


def results(found: np.ndarray, tracked: bool) -> list[Results]:
    """One a frame; a joint that is not found is at 0, 0, with a visibility of 0."""
    frames = []
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for f in range(found.shape[1]):
        seen = [p for p in range(len(found)) if np.isfinite(found[p, f]).any()]
        corners = [[*np.nanmin(found[p, f], 0)[:2], *np.nanmax(found[p, f], 0)[:2]] for p in seen]
        rest = [[*([p + 1] if tracked else []), 0.9, 0] for p in seen]
        boxes = [[*box, *more] for box, more in zip(corners, rest, strict=True)]
        frames.append(
            Results(
                image,
                path=f"cam1_{f}.jpg",
                names={0: "person"},
                boxes=torch.tensor(boxes).reshape(len(seen), 7 if tracked else 6),
                keypoints=torch.tensor(np.nan_to_num(found[seen, f]), dtype=torch.float32),
            )
        )
    return frames


def main(folder: Path) -> None:
    """Writes all files."""
    written = Written(folder, f"ultralytics {ultralytics.__version__}")
    found = people()
    found[..., :2] = [0.3 * WIDTH, 0.2 * HEIGHT] + 0.4 * found[..., :2]  # nobody fills the image
    digits = 5e-7 * WIDTH  # six significant digits of a fraction of the width
    for tracked in (False, True):
        for confidence in (False, True):
            frames = results(found, tracked)
            name = f"labels{'_track' * tracked}{'_conf' * confidence}"
            for f, result in enumerate(frames):
                result.save_txt(folder / name / f"cam1_{f + 1}.txt", save_conf=confidence)
            what = f"save_txt(save_conf={confidence}){', tracked' * tracked}"
            written.add(name, what, found, pixels=digits + 3e-4, score=6e-7, first=1)
        for normalize in (False, True):
            name = f"summary{'_track' * tracked}{'_fractions' * normalize}.json"
            people_of = [result.summary(normalize=normalize) for result in results(found, tracked)]
            (folder / name).write_text(json.dumps(people_of))
            what = f"summary(normalize={normalize}){', tracked' * tracked}"
            pixels = 5e-6 * (WIDTH if normalize else 1) + 3e-4
            written.add(name, what, found, pixels=pixels, score=6e-6)
    frames = [json.loads(result.to_json()) for result in results(found, True)]
    (folder / "to_json.json").write_text(json.dumps(frames))
    written.add("to_json.json", "to_json(), a list of them", found, pixels=1e-4, score=6e-6)
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
