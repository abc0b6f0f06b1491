"""Where things are kept: state, configuration, run directories."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

from bulkup.errors import InputError, NotWritable

README = """\
This folder belongs to bulkup.

runs/       one folder for each load: its plan, its journal, Salesforce's answers.
            `bulkup runs` lists them, `bulkup runs --prune 30d` removes those that are over.
            An unfinished one is all that `bulkup resume` has to go on from: leave it alone.
uploads/    which jobs have got their file by `bulkup upload`, for 7 days.
localorg/   the records of the built-in stand-in org. `bulkup local reset` empties it.
"""

RESULT_FILES = ("results.csv", "successful.csv", "failed.csv", "unprocessed.csv", "summary.json")
PROBE = 1 << 14
"""Bytes to try to write; fewer could be stored in an inode of a full disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDir:
    """The two folders that bulkup may write into without being told to."""

    state: Path
    config: Path

    @property
    def runs(self) -> Path:
        """One folder for each run."""
        return self.state / "runs"

    @property
    def localorg(self) -> Path:
        """The built-in org's records."""
        return self.state / "localorg"

    @property
    def describes(self) -> Path:
        """What orgs said of their objects, kept for `If-Modified-Since`."""
        return self.state / "describe"

    @property
    def uploads(self) -> Path:
        """A small file for each job that `bulkup upload` sent a file to."""
        return self.state / "uploads"

    @property
    def log(self) -> Path:
        """Where the traceback of a bug goes."""
        return self.state / "bulkup.log"

    @contextmanager
    def planning_lock(self) -> Iterator[None]:
        """Hold off other processes that are about to write a plan, so that they see this one's.

        Raises:
            NotWritable: the lock can't be made.
        """
        self.make()
        lock = FileLock(self.state / "planning.lock", mode=0o600)
        try:
            lock.acquire()
        except OSError as error:
            raise NotWritable(self.state, error) from error
        try:
            yield
        finally:
            lock.release()

    def make(self) -> None:
        """Make the state folder, for its owner only.

        Raises:
            RunError: it can't be made or written.
        """
        try:
            self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.runs.mkdir(exist_ok=True, mode=0o700)
            readme = self.state / "README.txt"
            if not readme.exists():
                readme.write_text(README, encoding="utf-8")
        except OSError as error:
            raise NotWritable(self.state, error) from error

    def kept_machine_id(self) -> str:
        """The id by which bulkup 0.1.0 knew this machine, or nothing where it never ran."""
        with suppress(OSError, ValueError):
            return (self.state / "machine-id").read_text(encoding="utf-8").strip()
        return ""


def require_result_folder(folder: Path, source: Path) -> None:
    """Make the folder for the result files, and check that they can be written there.

    To be called before anything is sent.

    Raises:
        InputError: it can't be written, or a result file would replace the source.
    """
    for name in RESULT_FILES:
        path = folder / name
        if path.exists() and source.exists() and path.samefile(source):
            raise InputError(
                f"The result files would take the place of {source}",
                "Name another folder with --dir, or leave it out.",
                name="DirOfSource",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(PROBE))
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{folder} can't take the result files: {error.strerror or error}",
            "Make room or set the rights there, or name another folder with --dir.",
            name="DirNotWritable",
        ) from error


def find_state_dir(environment: Mapping[str, str] | None = None) -> StateDir:
    """Find the folders of this user; `BULKUP_HOME` moves both.

    Raises:
        InputError: BULKUP_HOME is a file, or can't be looked at.
    """
    home = (os.environ if environment is None else environment).get("BULKUP_HOME")
    if not home:
        return StateDir(
            state=platformdirs.user_state_path("bulkup", appauthor=False),
            config=platformdirs.user_config_path("bulkup", appauthor=False),
        )
    path = Path(home).expanduser().absolute()
    try:
        is_other = path.exists() and not path.is_dir()
    except OSError as error:
        raise InputError(
            f"BULKUP_HOME is {path}, which can't be looked at: {error.strerror}",
            "Set the rights there, or set it to another folder.",
            name="BadHome",
        ) from error
    if is_other:
        raise InputError(
            f"BULKUP_HOME is {path}, which is not a folder", "Set it to a folder.", name="BadHome"
        )
    return StateDir(state=path, config=path)
