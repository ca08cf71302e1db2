"""The REST interface keeps what its OpenAPI description says, for requests nobody thinks of."""

import schemathesis
from hypothesis import HealthCheck, Phase, settings

from encoders.lexical import LexicalEncoder
from index.pages import Document, FileRecord
from query.service.service import SearchService
from query.web.app import create_app
from tests.library import fill, make_page
from tests.memory_index import MemoryIndex

HERE = {"Host": "localhost"}

index = MemoryIndex(LexicalEncoder().fingerprint)
fill(index)
zeros = "0" * 32  # the id that generated requests name first, so that many find their page
index.put_document(Document(zeros, (FileRecord("/0.pdf", 1, 1),), "", 1, is_complete=True))
index.put([make_page(zeros, 1, "zero is 0 and nought")])

app = create_app(SearchService(lambda: index, lambda _: LexicalEncoder()), token=None)
schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HERE)

# a request may keep to every pattern and ask for nothing ("!", pages=9-3): it is told so by a 422
accepted = schema.config.checks.positive_data_acceptance
accepted.expected_statuses = [*accepted.expected_statuses, "422"]


@schema.parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    # the machine may be busy
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=HERE)


def test_every_path_is_described() -> None:
    paths = {
        (path, method.upper()) for path, item in app.openapi()["paths"].items() for method in item
    }
    assert paths >= {
        ("/api/search", "GET"),
        ("/api/search/image", "POST"),
        ("/api/documents", "GET"),
        ("/api/status", "GET"),
        ("/api/pages/{page_id}", "GET"),
        ("/api/pages/{page_id}/preview", "GET"),
        ("/api/pages/{page_id}/similar", "GET"),
        ("/api/pages/{page_id}/heatmap", "GET"),
        ("/api/pages/{page_id}/words", "GET"),
        ("/api/pages/{page_id}/explain", "GET"),
        ("/api/pages/{page_id}/original", "GET"),
        ("/api/pages/{page_id}/region", "GET"),
    }
