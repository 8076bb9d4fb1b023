"""The HTML page of an evaluation: scores and predictions."""
