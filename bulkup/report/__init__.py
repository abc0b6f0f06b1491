"""What a run came to: totals, state, exit code, and the JSON documents of the contract."""
