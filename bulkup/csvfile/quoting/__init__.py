"""Quotes that are not where CSV has them: found, read where their meaning is one, reported."""
