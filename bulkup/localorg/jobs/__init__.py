"""Ingest jobs of the local org and how their rows are processed."""
