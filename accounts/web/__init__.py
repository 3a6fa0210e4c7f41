"""Signing in and out, by page and as Nexus's own interface does it."""
