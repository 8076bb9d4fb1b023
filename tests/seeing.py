"""What a camera of a rig sees, by OpenCV; files of data sets are written from it."""

import cv2
import numpy as np


def seen(rig, pose_world):
    """Pixels (frames, views, joints, 2) through the rig's lenses, by cv2.projectPoints."""
    frames, joints = pose_world.shape[:2]
    views = []
    for K, R, center, lens in zip(rig.K, rig.R, rig.center, rig.lenses, strict=True):
        points = np.asarray(pose_world, np.float64).reshape(-1, 1, 3)
        turn = cv2.Rodrigues(R)[0]
        dist = np.array(lens.coefficients or (0, 0, 0, 0), np.float64)
        pixels, _ = cv2.projectPoints(points, turn, -R @ center, K, dist)
        views.append(pixels.reshape(frames, joints, 2))
    return np.stack(views, 1)


def off_px(clip):
    """Largest distance of the pixels from the projection of the ground truth through the rig."""
    return np.nanmax(np.linalg.norm(seen(clip.rig, clip.pose_world) - clip.keypoints_2d, axis=-1))


class Notices(list):
    """Collects what a reader has to say."""

    def __call__(self, line):
        self.append(line)

    def about(self, words):
        return [line for line in self if words in line]
