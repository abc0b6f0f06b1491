"""What a terminal shows: tables, text that fits its width, progress."""
