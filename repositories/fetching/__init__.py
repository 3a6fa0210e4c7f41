"""Bringing content here from a remote: once for each node, however many ask for it."""
