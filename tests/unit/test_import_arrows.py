"""The house's rule: imports point down only, and each heavy dependency has one importing module."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("encoders", "index", "ingest", "query", "vespa_app")

ALLOWED = {
    "index": {"index"},
    "encoders": {"encoders", "index.errors", "index.pages", "index.wording"},
    "ingest": {"ingest", "index", "encoders"},
    "query": {"query", "index", "encoders"},
    "vespa_app": {"vespa_app", "index"},
}
"""For each package, the modules of the project (with all below them) it may import."""

BUILDERS = {
    "ingest/cli.py",
    "ingest/upkeep.py",
    "query/cli.py",
    "query/mcp_cli.py",
    "query/serve_cli.py",
}
"""The files that put the parts together may import any of them."""

WEB = {p.relative_to(ROOT).as_posix() for p in (ROOT / "query" / "web").glob("*.py")}

ONE_IMPORTER = {
    "torch": {"encoders/colsmol.py"},
    "transformers": {"encoders/colsmol.py"},
    "colpali_engine": {"encoders/colsmol.py"},
    "pdf2image": {"ingest/render.py"},
    "numba": {"index/compiled.py"},
    "llvmlite": {"index/compiled.py"},
    "sqlite3": {"index/embedded/database.py"},
    "fastapi": WEB,
    "starlette": WEB,
    "mcp": {"query/mcp_server.py"},
    "umap": {"query/page_map.py"},
    "uvicorn": {"query/serve_cli.py"},
    "vespa": {"vespa_app/client.py", "vespa_app/deploy.py"},
    "httpr": {"vespa_app/client.py", "vespa_app/deploy.py"},
    "docker": {"vespa_app/docker_engine.py"},
}


def source_files() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module is not None
            modules.add(node.module)
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if name in BUILDERS or path.name == "__main__.py":
        return
    allowed = ALLOWED[name.split("/")[0]]
    for module in imported_modules(path):
        if module.split(".")[0] not in (*PACKAGES, "pagelens"):
            continue
        reached = any(module == a or module.startswith(a + ".") for a in allowed)
        leads_there = any(a.startswith(module + ".") for a in allowed)
        assert reached or leads_there, f"{name} may not import {module}"


@pytest.mark.parametrize("dependency", ONE_IMPORTER)
def test_heavy_dependencies_have_one_importing_module(dependency: str) -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in source_files()
        if any(m.split(".")[0] == dependency for m in imported_modules(path))
    }
    assert set() < importers <= ONE_IMPORTER[dependency]
