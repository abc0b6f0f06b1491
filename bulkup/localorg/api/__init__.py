"""The REST resources of the local org."""
