"""The check of all cells: one query over the file, and what it finds in words."""
