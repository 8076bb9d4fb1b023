"""3D joints from all cameras of a recording, as files of poses and angles."""
