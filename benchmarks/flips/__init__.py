"""Bits and bytes changed in every file of a run and of an export: what the commands make of it."""
