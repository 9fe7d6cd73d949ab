"""Simulate a subscription company of any size: raw files and the true history for comparison."""

from simulator.simulation import SimulationReport, simulate

__all__ = ["SimulationReport", "simulate"]
