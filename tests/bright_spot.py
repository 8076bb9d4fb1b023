"""A detector for tests: one person whose joints stand around the brightest place of an image."""

import numpy as np

JOINTS = 17


def people(image):
    """(17, 3) x, y, score of each; nobody in a dark image. Joint j stands j px to the right."""
    light = image.sum(-1)
    if light.max() < 300:
        return []
    rows, columns = np.nonzero(light > 0.8 * light.max())
    x, y = columns.mean(), rows.mean()
    return [[(x + joint, y, 0.9) for joint in range(JOINTS)]]
