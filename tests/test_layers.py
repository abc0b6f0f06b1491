"""The rules of the house, read from the code itself: who may import whom, and how big packages get.

Each package may import those below it and nothing else.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "bulkup"
FLOORS = (
    ("model", "text", "clock", "redaction"),
    ("errors",),
    ("files", "retry"),
    ("state_dir", "csvfile", "salesforce"),
    ("auth", "duckdb_tools"),
    ("results",),
    ("check",),
    ("runs",),
    ("planning", "report"),
    ("execution",),
    ("load",),
    ("cli",),
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
OUTER = {
    "typer": {"cli"},
    "rich": {"cli"},
    "httpx": {"salesforce"},
    "httpcore": {"salesforce"},
    "keyring": {"auth"},
    "duckdb": {"duckdb_tools"},
    "starlette": {"localorg"},
    "uvicorn": {"localorg"},
    "sqlite3": {"localorg"},
}
MOST_MODULES = 15


def package_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inner if node.module == "bulkup" else {node.module}
    return names


def is_breach(package: str, name: str) -> bool:
    first, _, rest = name.partition(".")
    if first != "bulkup":
        return package not in OUTER.get(first, {package})
    other = rest.split(".")[0]
    if other in {"", "__version__", package}:
        return False
    if package == "localorg":
        return True
    if other == "localorg":
        return package != "cli"
    return FLOOR[other] >= FLOOR[package]


def breaches() -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in {"__main__.py", "__init__.py"} or path.parent != PACKAGE
        for name in sorted(imports_of(path))
        if is_breach(package_of(path), name)
    ]


def test_each_package_imports_only_those_below_it() -> None:
    assert breaches() == []


def test_each_package_has_a_floor() -> None:
    packages = {package_of(path) for path in PACKAGE.rglob("*.py")}
    assert packages - {"__init__", "__main__", "localorg"} == set(FLOOR)


def test_no_package_has_more_than_fifteen_modules() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE / "cli" / "commands"}
    sizes = {
        str(folder.relative_to(PACKAGE)): len(set(folder.glob("*.py")) - {folder / "__init__.py"})
        for folder in folders
    }
    assert {name: size for name, size in sizes.items() if size > MOST_MODULES} == {}


def test_the_rule_would_see_a_breach(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from bulkup.execution import runner\n", encoding="utf-8")
    assert "bulkup.execution" in imports_of(bad)
    assert is_breach("planning", "bulkup.execution")
    assert is_breach("csvfile", "rich.console")
    assert is_breach("localorg", "bulkup.model")
    assert is_breach("check", "bulkup.localorg.org")
    assert is_breach("csvfile", "bulkup.salesforce")
    assert not is_breach("results", "bulkup.model")
    assert not is_breach("cli", "bulkup.salesforce.client")
