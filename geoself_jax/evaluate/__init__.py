"""evaluate: scores of a run or an export, with ground truth and without, and the page about them."""
