"""A program named `sf` that answers as told."""

import json
import stat
import sys
from pathlib import Path


class FakeSf:
    """A program that answers as told and writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls.jsonl"

    def answers(self, display: str, show: str, *, seconds: float = 0) -> None:
        program = self.folder / "sf"
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys, time\n"
            f"open({str(self.calls)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
            f"time.sleep({seconds})\n"
            "assert os.environ['NO_COLOR'] == '1' and sys.stdin.read() == ''\n"
            "sys.stderr.write('warning: a new version is there\\n')\n"
            f"sys.stdout.write({display!r} if sys.argv[2] == 'display' else {show!r})\n",
            encoding="utf-8",
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    @property
    def called(self) -> list[list[str]]:
        return [json.loads(line) for line in self.calls.read_text("utf-8").splitlines()]


def good(result: object) -> str:
    return json.dumps({"status": 0, "result": result, "warnings": ["secrets are shown"]}, indent=2)
