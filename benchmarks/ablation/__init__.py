"""Tables of recipes, each row trained on the same data for the same steps and view-samples."""
