"""A simulated subscription company of any size, as raw files with the true answers beside them."""

from simulator.simulation import SimulationReport, simulate

__all__ = ["SimulationReport", "simulate"]
