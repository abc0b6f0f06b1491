"""CSV files: detected, decoded, validated, normalized and read record by record."""
