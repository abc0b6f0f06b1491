"""DuckDB: how it is opened, and how it reads a CSV exactly as the csv module does."""
