"""movement's writers: DeepLabCut's, Lightning Pose's and SLEAP's files of known poses."""

import sys
from importlib.metadata import version
from pathlib import Path

from movement.io import load_poses, save_poses

from benchmarks.writers.known import COCO, Written, people


def main(folder: Path) -> None:
    """Writes all files."""
    written = Written(folder, f"movement {version('movement')}")
    for count in (1, 2):
        found = people(count=count)
        data = load_poses.from_numpy(
            found[..., :2].transpose(1, 3, 2, 0),
            found[..., 2].transpose(1, 2, 0),
            individual_names=[f"p{n + 1}" for n in range(count)],
            keypoint_names=list(COCO),
        )
        for end in ("h5", "csv"):
            save_poses.to_dlc_file(data, folder / f"dlc{count}.{end}")
            name = f"dlc{count}{'_p1' * (count == 1)}.{end}"
            written.add(name, f"to_dlc_file, .{end}, {count} animal(s)", found)
        save_poses.to_sleap_analysis_file(data, folder / f"sleap{count}.h5")
        written.add(f"sleap{count}.h5", f"to_sleap_analysis_file, {count} animal(s)", found)
    save_poses.to_lp_file(data, folder / "lightning.csv")
    for n in range(2):
        written.add(f"lightning_p{n + 1}.csv", "to_lp_file", found[n : n + 1])
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
