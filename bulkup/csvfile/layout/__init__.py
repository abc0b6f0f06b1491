"""What a file has besides a header and its records: titles, comments, footers, ragged rows."""
