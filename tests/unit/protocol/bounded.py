"""Settings of the property tests here: few examples, the same in every run."""

from hypothesis import settings

bounded = settings(max_examples=60, derandomize=True, deadline=None, database=None)
