"""The entry point: `bulkup` and `python -m bulkup`."""


def main() -> None:
    """Run the command line."""
    from bulkup.cli.app import app  # noqa: PLC0415 -- importing the package stays cheap
    from bulkup.cli.output import set_streams  # noqa: PLC0415 -- the same

    set_streams()
    app(prog_name="bulkup")


if __name__ == "__main__":
    main()
