"""calibrate: extrinsics and clocks from 2D joints, the paper's section; not built yet.

Its parts come here: relative poses of pairs, rotation averaging, bundle adjustment. Two-view
geometry is in `geometry.epipolar`.
"""
