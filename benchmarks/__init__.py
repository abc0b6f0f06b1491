"""How quick bulkup is, beside the least that any Python could need, and beside another client."""
