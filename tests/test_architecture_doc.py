"""docs/architecture.md names only files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:bulkup|tests|docs)/[\w./-]+?)/?`", TEXT)))
NAMES = "|".join(sorted(path.parent.name for path in ROOT.glob("bulkup/*/__init__.py")))
MODULES = sorted(set(re.findall(rf"(?<![\w/])((?:{NAMES})/[a-z_]+)(?![\w/])", TEXT)))
BEGINNINGS = [
    f"{package}/{name}"
    for package, names in re.findall(r"^\| `([a-z_]+)/`.*\| ([^|]+) \|$", TEXT, re.MULTILINE)
    for name in re.findall(r"`([\w/]+)`", names)
]
PACKAGES = sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_]+)?)/`", TEXT)))


@pytest.mark.parametrize("path", PATHS)
def test_each_path_in_the_text_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_in_the_text_is_there(package: str) -> None:
    assert (ROOT / package).is_dir() or (ROOT / "bulkup" / package / "__init__.py").exists()


@pytest.mark.parametrize("module", [*MODULES, *BEGINNINGS])
def test_each_module_in_the_text_is_there(module: str) -> None:
    assert (ROOT / "bulkup" / f"{module}.py").exists() or (ROOT / "bulkup" / module).is_dir()
