"""What the local org keeps: records, object definitions, Ids, its identity."""
