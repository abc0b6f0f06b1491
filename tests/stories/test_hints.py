"""What is to be typed next can be typed as it stands."""

import shlex
from pathlib import Path

import pytest

from bulkup.localorg import server
from tests.stories.conftest import Bulkup, ServedOrg


def hinted(text: str, words: str) -> list[str]:
    """The arguments of the command that stands behind those words."""
    line = next(line for line in text.splitlines() if words in line)
    return shlex.split(line.partition(f"{words} bulkup ")[2])


def test_the_command_that_loads_mended_results_works_as_it_stands(
    bulkup: Bulkup, tmp_path: Path, home: Path
) -> None:
    file = tmp_path / "my contacts.csv"
    file.write_text("Mail,Last Name,Note\na@example.com,A,x\nnone,B,y\n", encoding="utf-8")
    columns = ("--map", "Mail=Email", "--map", "Last Name=LastName", "--drop", "Note")
    load = ("--object", "Contact", "--op", "insert", "--blank", "null", "--no-check")
    out = tmp_path / "the results"
    done = bulkup("run", file, *load, *columns, "--org", "local", "--dir", out)
    assert done.code == 1
    arguments = hinted(done.out, "load that:")
    assert arguments[:2] == ["run", str(out / "results.csv")]
    given = list(zip(arguments[2::2], arguments[3::2], strict=True))
    assert ("--org", "local") in given
    assert ("--map", "Last Name=LastName") in given
    assert ("--blank", "null") in given
    results = out / "results.csv"
    results.write_text(
        results.read_text(encoding="utf-8").replace("none,", "b@example.com,"), encoding="utf-8"
    )
    again = bulkup(*arguments, "--dir", tmp_path / "again")
    assert again.code == 0
    assert "--api-version" not in arguments


def test_a_hint_does_not_name_dozens_of_columns(bulkup: Bulkup, tmp_path: Path) -> None:
    names = [f"Column number {n}" for n in range(30)]
    file = tmp_path / "wide.csv"
    row = ["none", "A", *("x" for _ in names)]
    file.write_text(f"Email,LastName,{','.join(names)}\n{','.join(row)}\n", encoding="utf-8")
    drops = [word for name in names for word in ("--drop", name)]
    load = ("--object", "Contact", "--op", "insert", "--no-check")
    done = bulkup("run", file, *load, *drops, "--org", "local", "--dir", tmp_path / "out")
    assert done.code == 1
    assert "…, with --map and --drop as before" in done.out


def test_hints_about_a_job_name_it(bulkup: Bulkup, served: ServedOrg, contacts: Path) -> None:
    served()
    job = bulkup("create", "--object", "Contact", "--op", "insert").out.strip()
    assert f"bulkup upload {job} FILE" in bulkup("close", job).err
    assert bulkup("upload", job, contacts).code == 0
    again = bulkup("upload", job, contacts)
    assert again.code == 2
    assert f"bulkup abort {job}" in again.err
    elsewhere = {"BULKUP_HOME": str(contacts.parent / "another home")}
    assert bulkup("upload", job, contacts, env=elsewhere).code == 0
    assert bulkup("close", job).err.rstrip().endswith(f"bulkup abort {job}")
    assert bulkup("abort", job).code == 0
    assert f"bulkup status {job}" in bulkup("close", job).err


def test_a_version_that_the_org_does_not_offer_is_no_missing_object(
    bulkup: Bulkup, contacts: Path
) -> None:
    load = ("--object", "Contact", "--op", "insert", "--org", "local", "--api-version", "99.0")
    for command in ("run", "check"):
        done = bulkup(command, contacts, *load)
        assert done.code == 2
        assert "does not offer version 99.0" in done.err
        assert "--api-version 66.0" in done.err


@pytest.mark.parametrize("command", ["limits", "doctor"])
def test_a_dead_token_of_the_local_org_is_renewed_by_a_restart(
    bulkup: Bulkup, served: ServedOrg, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    url = served().url
    monkeypatch.setattr(server, "find_running", lambda _directory: (url, "00Dxx0000000001!dead"))
    done = bulkup(command, "--org", "local")
    assert done.code == 4
    assert "bulkup local serve" in done.err + done.out
    assert "bulkup login" not in done.err


def test_each_hint_ends_once(bulkup: Bulkup, tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text(f"LastName,{'x' * 400_001}\nA,1\n", encoding="utf-8")
    done = bulkup("check", file, "--object", "Contact", "--op", "insert", "--org", "local")
    assert done.code == 2
    assert "Is it a CSV?" in done.err
    assert not [line for line in done.err.splitlines() if line.endswith(("?.", ".."))]
