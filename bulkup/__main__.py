"""The entry point: `bulkup` and `python -m bulkup`."""


def main() -> None:
    """Run the command line."""
    from bulkup.cli.app import app  # noqa: PLC0415 -- importing the package stays cheap

    app(prog_name="bulkup")


if __name__ == "__main__":
    main()
