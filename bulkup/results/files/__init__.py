"""The result files: what stands before each row, and how they are written."""
