"""The pipeline around the dbt project: it lands files, and builds, audits and publishes the warehouse."""
