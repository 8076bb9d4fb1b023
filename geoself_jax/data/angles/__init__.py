"""Joint angles of poses over time: definitions, uncertainty, files."""
