"""Template tags about repositories."""
