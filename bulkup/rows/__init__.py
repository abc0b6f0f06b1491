"""Row-level work on DuckDB, the only room that knows it: prepare, check, select, reconcile."""
