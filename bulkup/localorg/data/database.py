"""The SQLite database that holds everything of an org."""

import sqlite3
from pathlib import Path

from bulkup.localorg.data.private_files import create_private

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
    id TEXT PRIMARY KEY, object TEXT NOT NULL, data TEXT NOT NULL,
    created_by TEXT NOT NULL, changed_by TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lookup (
    object TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (object, field, value, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
    at_work INTEGER NOT NULL DEFAULT 0, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS job_at_work ON job (at_work) WHERE at_work;
CREATE TABLE IF NOT EXISTS upload (job INTEGER NOT NULL, number INTEGER PRIMARY KEY, body BLOB);
CREATE INDEX IF NOT EXISTS upload_job ON upload (job);
CREATE TABLE IF NOT EXISTS result (
    job INTEGER NOT NULL, kind TEXT NOT NULL, slice INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (job, kind, slice)
);
"""


def open_database(directory: Path | None) -> sqlite3.Connection:
    """Open the org's database, or create it with mode 0600; in memory without a directory."""
    where: str | Path = ":memory:"
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        where = directory / "org.sqlite"
        create_private(where)  # SQLite gives the -wal and -shm files that it makes the same mode
        for suffix in ("-wal", "-shm"):
            beside = directory / f"org.sqlite{suffix}"
            if beside.exists():  # left by a process that was killed
                create_private(beside)
    database = sqlite3.connect(where, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing by it
    database.executescript(_SCHEMA)
    return database


def meta(database: sqlite3.Connection, name: str) -> str | None:
    """A fact about the org that is kept, or None."""
    row = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def set_meta(database: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a fact about the org."""
    database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
