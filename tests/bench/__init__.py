"""Benchmarks of the four steps on simulated companies; `make bench` runs them."""
