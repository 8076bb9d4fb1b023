"""Lifted poses of one camera refined over time: rays, smoothness, bones of one length.

`observed` (what is known of a run of frames), `equations` (a reweighted least-squares problem),
`banded` (its solution), `bones` (their lengths), `passes`, `one_body`, `pose_sequences`. Live:
`window` (the last frames), `learnt` (bones so far), `fixed_lag`.
"""
