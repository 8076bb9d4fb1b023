"""Recordings as TensorFlow Datasets, without TensorFlow: one record a clip, built and read here."""
