"""What a run came to: its rows matched with the results, its totals, its outcome."""
