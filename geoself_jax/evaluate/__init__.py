"""evaluate: scores of a run or an export, with and without ground truth, and their page."""
