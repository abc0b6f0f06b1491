"""The command line: options, prompts, progress and output. The only package with typer and rich."""
