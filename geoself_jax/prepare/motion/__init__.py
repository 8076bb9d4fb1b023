"""Motion files, and views of them simulated through a rig and the detector model."""
