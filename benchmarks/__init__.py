"""Side by side with other registries: `python -m benchmarks` measures and checks the bars."""
