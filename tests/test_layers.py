"""The house rule of who may import whom, read from the code itself."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "bulkup"
ROOMS = {"cli", "salesforce", "rows", "localorg"}
OUTER = {
    "typer": {"cli"},
    "rich": {"cli"},
    "httpx": {"salesforce"},
    "keyring": {"salesforce"},
    "duckdb": {"rows"},
    "starlette": {"localorg"},
    "uvicorn": {"localorg"},
    "sqlite3": {"localorg"},
}
CORE_FOR_ROOMS = {
    "__version__", "body", "books", "column", "columns", "errors", "findings", "header", "model",
    "places", "plan", "problems", "run", "scan", "source",
}  # fmt: skip


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "core"


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module, *names} if node.module.startswith("bulkup") else {node.module}
    return found


def is_breach(room: str, name: str) -> bool:
    first, _, rest = name.partition(".")
    if first != "bulkup" or not rest:
        return room not in OUTER.get(first, {room})
    inner = rest.split(".")[0]
    other = inner if inner in ROOMS else "core"
    if room in {other, "cli"}:
        return False
    inner_is_for_rooms = other == "core" and inner in CORE_FOR_ROOMS
    return room in {"core", "localorg"} or not inner_is_for_rooms


def complaints() -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__main__.py"
        for name in sorted(imports_of(path))
        if is_breach(room_of(path), name)
    ]


def test_the_core_imports_no_room_and_each_outer_package_has_one_room() -> None:
    assert complaints() == []


def test_the_rule_would_see_a_breach(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from bulkup.salesforce import client\n", encoding="utf-8")
    assert "bulkup.salesforce" in imports_of(bad)
    assert is_breach("core", "bulkup.salesforce")
    assert is_breach("core", "rich.console")
    assert is_breach("localorg", "bulkup.model")
    assert is_breach("rows", "bulkup.runner")
    assert not is_breach("rows", "bulkup.model.Source")
    assert not is_breach("cli", "bulkup.salesforce.client")
