"""From a request to a written plan."""
