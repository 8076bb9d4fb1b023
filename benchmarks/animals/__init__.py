"""Animals of any size, from DeepLabCut's files to poses, next to LiftPose3D's network."""
