"""The pipeline round the dbt project: landing, building, auditing and publishing the warehouse."""
