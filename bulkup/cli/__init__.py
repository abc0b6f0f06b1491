"""People: commands, options, output. The only room that knows typer and rich."""
