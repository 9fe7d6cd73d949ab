"""The month spine of open MRR playbooks beside the project's revenue models, on the same data."""
