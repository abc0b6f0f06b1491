"""The run directory: its plan, its journal of events, its lock, and the registry of all runs."""
