"""The entry point: `bulkup` and `python -m bulkup`."""

import os
import sys


def main() -> None:
    """Run the command line."""
    for name in ("stdout", "stderr"):  # None where the shell closed it, as in `>&-`
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    try:
        from bulkup.cli.app import app  # noqa: PLC0415 -- importing the package stays cheap
        from bulkup.cli.output import set_streams  # noqa: PLC0415 -- the same

        set_streams()
        app(prog_name="bulkup")
    except KeyboardInterrupt:  # before the boundary stands, nothing is under way
        sys.stderr.write("error: Interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
