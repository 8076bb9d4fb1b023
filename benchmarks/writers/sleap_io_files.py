"""sleap-io's files of known poses: projects, analyses and tables."""

import sys
from pathlib import Path

import numpy as np
import sleap_io as sio

from benchmarks.writers.known import COCO, FRAMES, HEIGHT, WIDTH, Written, people


def labels(found: np.ndarray, tracked: bool) -> sio.Labels:
    """Predictions in every frame."""
    skeleton = sio.Skeleton(list(COCO))
    shape = (FRAMES, HEIGHT, WIDTH, 3)
    video = sio.Video("cam1.mp4", open_backend=False, backend_metadata={"shape": shape})
    tracks = [sio.Track(f"p{n + 1}") for n in range(len(found))]
    frames = []
    for f in range(found.shape[1]):
        instances = [
            sio.PredictedInstance.from_numpy(
                found[p, f, :, :2],
                skeleton=skeleton,
                point_scores=found[p, f, :, 2],
                score=0.9,
                track=tracks[p] if tracked else None,
            )
            for p in range(len(found))
            if np.isfinite(found[p, f]).any()
        ]
        frames.append(sio.LabeledFrame(video=video, frame_idx=f, instances=instances))
    used = tracks if tracked else []
    return sio.Labels(frames, videos=[video], skeletons=[skeleton], tracks=used)


def main(folder: Path) -> None:
    """Writes all files."""
    written = Written(folder, f"sleap-io {sio.__version__}")
    for count, tracked in ((2, True), (1, False)):
        found = people(count=count)
        made = labels(found, tracked)
        what = "2 animals, tracked" if tracked else "1 animal"
        made.save(str(folder / f"{count}.slp"), embed=False, verbose=False)
        written.add(f"{count}.slp", f"Labels.save, {what}", found)
        for preset in ("matlab", "standard"):
            path = f"{count}_{preset}.h5"
            sio.save_analysis_h5(made, str(folder / path), preset=preset)
            written.add(path, f"save_analysis_h5({preset}), {what}", found)
        sio.save_csv(made, str(folder / f"{count}.csv"))
        written.add(f"{count}.csv", f"save_csv, {what}", found)
    sio.save_csv(made, str(folder / "dlc.csv"), format="dlc")
    written.add("dlc.csv", "save_csv(format=dlc)", found, refused="no likelihood at all")
    sio.save_csv(made, str(folder / "plain.csv"), format="dlc", include_score=False)
    sure = np.where(np.isfinite(found), found, np.nan)
    sure[..., 2] = np.where(np.isfinite(found[..., 2]), 1, np.nan)
    written.add("plain.csv", "save_csv(format=dlc, include_score=False)", sure)
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
