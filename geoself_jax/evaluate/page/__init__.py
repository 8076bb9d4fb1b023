"""The page of an evaluation: its scores, and predictions to look at."""
