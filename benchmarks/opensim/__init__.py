"""What `write_poses(..., markers=)` writes, scaled and tracked by OpenSim."""
