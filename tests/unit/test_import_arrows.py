"""The house's rule: imports point down only, and each heavy dependency has one importing module."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("encoders", "index", "ingest", "pagelens", "query", "vespa_app")

ALLOWED = {
    "index": {"index"},
    "encoders": {
        "encoders",
        "index.cjk",
        "index.compiled",
        "index.errors",
        "index.pages",
        "index.spellings",
        "index.words",
        "index.wording",
    },
    "vespa_app": {"vespa_app", "index"},
    "ingest": {"ingest", "index", "encoders"},
    "query": {"query", "index", "encoders"},
    "pagelens": set(PACKAGES),
}
"""For each package, the modules of the project (with all below them) it may import."""

DOORS = {"ingest/__main__.py", "query/__main__.py", "vespa_app/__main__.py"}
"""`python -m ingest` and its like are doors from outside: the only arrows that run up, to this."""
DOOR_LEADS_TO = "pagelens.main"

ROOMS_OF_QUERY = {
    "query": {"query"},
    "query/why": {"query", "query.why"},
    "query/heat": {"query", "query.heat"},
    "query/quality": {"query", "query.why", "query.quality"},
    "query/service": {"query", "query.why", "query.heat", "query.service"},
    "query/agents": {"query", "query.why", "query.heat", "query.service", "query.agents"},
    "query/web": {"query", "query.why", "query.heat", "query.service", "query.web"},
}
"""For each folder of query/, the folders whose files it may import: faces -> service -> heat, why
-> search. as_json.py, which says all of it as JSON, is read by the faces alone."""

WEB = {p.relative_to(ROOT).as_posix() for p in (ROOT / "query" / "web").glob("*.py")}
KERNELS = {p.relative_to(ROOT).as_posix() for p in (ROOT / "index" / "compiled").glob("*.py")}
COMMANDS = {p.relative_to(ROOT).as_posix() for p in (ROOT / "pagelens").glob("*.py")}

TORCH = {p.relative_to(ROOT).as_posix() for p in (ROOT / "encoders" / "families").glob("*.py")} | {
    f"encoders/{name}.py" for name in ("colsmol", "devices", "load_model", "layouts/pixels")
}

ONE_IMPORTER = {
    "torch": TORCH,
    "transformers": {"encoders/load_model.py"},
    "colpali_engine": {"encoders/load_model.py"},
    "pathspec": {"ingest/exclusion.py"},
    "pdf2image": {"ingest/render.py"},
    "psutil": {"ingest/poppler.py"},
    "rapidocr": {"ingest/ocr/engine.py"},
    "cv2": {"ingest/ocr/engine.py", "ingest/ocr/ink.py"},
    "py3langid": {"encoders/language.py"},
    "numba": KERNELS,
    "llvmlite": KERNELS,
    "textual_image": {"pagelens/show_hit.py"},
    "sqlite3": {"index/embedded/database.py"},
    "fastapi": WEB,
    "starlette": WEB,
    "ir_measures": {"query/quality/measures.py"},
    "matplotlib": {"query/quality/picture.py"},
    "mcp": {"query/agents/server.py"},
    "umap": {"query/service/page_map.py"},
    "datasets": {"query/quality/data_sets.py"},
    "uvicorn": {"pagelens/serve_command.py"},
    "vespa": {"vespa_app/client.py", "vespa_app/deploy/targets.py"},
    "httpr": {"vespa_app/client.py", "vespa_app/deploy/targets.py"},
    "docker": {"vespa_app/deploy/docker_engine.py"},
}


def source_files() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


@cache
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


def own_modules(path: Path) -> set[str]:
    """The modules of the project that a file imports."""
    return {module for module in imported_modules(path) if module.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    allowed = ALLOWED[name.split("/")[0]] | ({DOOR_LEADS_TO} if name in DOORS else set())
    for module in own_modules(path):
        reached = any(module == a or module.startswith(a + ".") for a in allowed)
        leads_there = any(a.startswith(module + ".") for a in allowed)
        assert reached or leads_there, f"{name} may not import {module}"


@pytest.mark.parametrize("folder", ROOMS_OF_QUERY)
def test_the_rooms_of_query_point_down(folder: str) -> None:
    allowed = ROOMS_OF_QUERY[folder]
    for path in (ROOT / folder).glob("*.py"):
        if path.name in ("as_json.py", "__main__.py"):
            continue
        for module in own_modules(path):
            file = ROOT / f"{module.replace('.', '/')}.py"
            if module.startswith("query.") and file.exists():
                room = module.rsplit(".", 1)[0]
                assert room in allowed, f"{path.relative_to(ROOT)} may not import {module}"


@pytest.mark.parametrize("dependency", ONE_IMPORTER)
def test_heavy_dependencies_have_one_importing_module(dependency: str) -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in source_files()
        if any(m.split(".")[0] == dependency for m in imported_modules(path))
    }
    assert set() < importers <= ONE_IMPORTER[dependency]


def test_every_distribution_imported_is_a_dependency_of_its_own() -> None:
    """Not only of another one, which may do without it one day."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")  # 3.10 has no tomllib
    lists = re.findall(
        r"^(?:dependencies|eval) = \[\n(.*?)^\]", pyproject, re.MULTILINE | re.DOTALL
    )
    assert len(lists) == 2
    names = re.findall(r'^ *"([\w-]+)', "".join(lists), re.MULTILINE)
    dependencies = {name.lower() for name in names}
    imported = {m.split(".")[0] for path in source_files() for m in imported_modules(path)}
    owners = packages_distributions()
    for module in imported - set(PACKAGES) - set(sys.stdlib_module_names):
        names = {name.lower().replace("_", "-") for name in owners[module]}
        assert names & dependencies, module
