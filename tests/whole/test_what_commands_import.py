"""What a command does not need it does not import: each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import write_pdf
from tests.faults.fake_config_server import FakeConfigServer
from tests.library import OLD_REPORT, make_index

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pagelens", option],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in ran.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint({"numpy", "torch", "numba", "PIL", "query", "ingest", "encoders"})


def test_a_query_of_a_small_index_imports_only_what_it_uses(tmp_path: Path) -> None:
    folder = make_index(tmp_path / "index")
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pagelens", "query", "harbour"]
        + ["--index", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert modules.isdisjoint({"encoders.colsmol", "query.why.explain", "query.heat.hot_words"})
    imported = {module.split(".")[0] for module in modules}
    assert "report.pdf" in ran.stdout
    assert {"numpy", "index"} <= imported
    assert imported.isdisjoint({"numba", "llvmlite", "scipy", "torch", "transformers"})  # kernels
    assert imported.isdisjoint({"PIL", "multiprocessing", "filelock", "rapidfuzz"})
    assert imported.isdisjoint({"textual_image", "pydantic"})


def test_naming_the_commands_does_not_import_the_protocol():
    program = (
        "import contextlib, sys, pagelens.main\n"
        "with contextlib.suppress(SystemExit): pagelens.main.main(['--help'])\n"
        "assert not {'mcp', 'mcp_types'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)


def test_an_agents_first_call_waits_for_the_protocol_alone():
    program = (
        "import sys, pagelens.mcp_command\n"
        "assert 'mcp' in sys.modules\n"
        "assert not {'numpy', 'PIL', 'encoders', 'index.pages'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)


def test_the_other_commands_do_not_wait_for_the_web() -> None:
    code = "import json, sys, pagelens.query_command; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    modules = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert modules.isdisjoint({"fastapi", "starlette", "uvicorn", "pydantic"})


def test_lexical_imports_no_model_libraries(tmp_path):
    code = (
        "import sys\n"
        "from encoders.choose import choose_encoder, load_encoder\n"
        "load_encoder(choose_encoder('lexical').encoder.fingerprint)\n"
        "choose_encoder('auto').notice(3)\n"
        "heavy = {'torch', 'transformers', 'colpali_engine'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=ROOT,
        env=os.environ | {"HF_HUB_CACHE": str(tmp_path)},
    )


def test_a_lexical_ingest_and_query_never_import_torch(tmp_path: Path) -> None:
    (tmp_path / "pdfs").mkdir()
    write_pdf(tmp_path / "pdfs" / "animals.pdf", ["aardvark", "badger", "camel"])
    code = (
        "import sys\n"
        "from pagelens.main import main\n"
        "for command in (['ingest', 'pdfs', '--encoder', 'lexical'], ['query', 'badger']):\n"
        "    try:\n"
        "        main(command)\n"
        "    except SystemExit as e:\n"
        "        assert e.code == 0, e.code\n"
        "print({'torch', 'transformers', 'colpali_engine'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_lexical_query_imports_no_model_library(tmp_path: Path) -> None:
    folder = make_index(tmp_path / "index")
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "query", "ferries", "--json"],
        cwd=ROOT,
        env={**os.environ, "PAGELENS_INDEX": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout)["hits"][0]["page_id"] == f"{OLD_REPORT}-3"
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in ran.stderr.splitlines()}
    assert "encoders" in imported
    assert imported.isdisjoint({"torch", "transformers", "colpali_engine", "huggingface_hub"})


def test_measuring_words_imports_no_model_and_draws_nothing(tmp_path: Path) -> None:
    folder = make_index(tmp_path / "index")
    (tmp_path / "queries.tsv").write_text("query\tfile\tpages\nferries\t2022/report.pdf\t3\n")
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pagelens", "eval", "queries.tsv", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PAGELENS_INDEX": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout)["settings"][0]["measures"]["recall@1"] == 1
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in ran.stderr.splitlines()}
    assert "ir_measures" in imported
    assert imported.isdisjoint({"torch", "transformers", "matplotlib", "datasets", "pandas"})


def test_to_draft_questions_imports_nothing_that_measures(tmp_path: Path) -> None:
    folder = make_index(tmp_path / "index")
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pagelens", "eval", "make", "/library"]
        + ["--index", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No question can be drafted from the 4 documents" in ran.stderr  # a line a page
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in ran.stderr.splitlines()}
    assert imported.isdisjoint({"torch", "matplotlib", "datasets", "ir_measures", "numba"})


@pytest.fixture
def server() -> Iterator[FakeConfigServer]:
    with FakeConfigServer() as fake:
        yield fake


def test_what_needs_no_pyvespa_imports_none(tmp_path: Path, server: FakeConfigServer) -> None:
    for place in (("--export", str(tmp_path / "app")), ("--config-server", server.url)):
        program = (
            "import sys, atexit; from pagelens.main import main\n"
            "atexit.register(lambda: print(*{'vespa', 'docker', 'torch'} & set(sys.modules)))\n"
            f"main(['deploy', *{place!r}, '--json'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        report, imported = done.stdout.splitlines()
        assert json.loads(report)["deployed"] in ("export", "config-server")
        assert imported == ""
