"""Lifted poses of one camera refined over time: rays, smoothness, bones of one length.

`observed` (what is known of a run of frames), `equations` (a reweighted least-squares problem),
`banded` (its solution), `bones` (their lengths), `passes`, `pose_sequences`.
"""
