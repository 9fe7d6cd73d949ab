"""Copies of a release for tools that read neither DuckDB nor its Parquet files."""
