"""Builds TensorFlow Datasets from the user's files, without TensorFlow; data/tfds reads them."""
