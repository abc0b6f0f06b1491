"""The run directory: its plan, its journal of events, its lock, and the list of all runs."""
