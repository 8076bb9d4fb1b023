"""calibrate: cameras from the 2D joints that they see, the paper's section; and their repair.

`recording_cameras` is the whole way of a recording; `rig` of one rig: `two_view` (relative poses of
pairs), `solve` (starts and adjustment), `bundle`, `uncertainty`, `decide` (what is refused).
Nothing here reads ground truth.
"""
