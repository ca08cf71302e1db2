"""What stands between the network and the app."""

import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request, Response, UploadFile
from fastapi.testclient import TestClient

from query.web.problems import Problem, answer_errors, problem_json
from query.web.protection import COOKIE, AccessToken, SizeLimit, TimeLimit, protect

TOKEN = 'a token; with "odd" characters: \u00fc'


def answer(_: Request, problem: Problem) -> Response:
    response = problem_json(problem)
    response.headers.update(problem.headers)
    return response


def small_app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def hello(q: str = "") -> str:
        return f"hello {q}"

    @app.get("/slow")
    def slow() -> str:
        time.sleep(0.3)  # longer than the limit of the test that asks
        return "done"

    @app.post("/upload")
    def upload(file: UploadFile) -> int:
        return len(file.file.read())

    @app.get("/static/style.css")
    def style() -> str:
        return "style"

    answer_errors(app, answer)
    return app


@pytest.fixture
def open_client() -> TestClient:
    app = small_app()
    protect(app, answer, token=None, origins=())
    return TestClient(app, base_url="http://localhost:8000")


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Of a server that asks for a token."""
    app = small_app()
    protect(app, answer, token=TOKEN, origins=())
    with TestClient(app, base_url="http://library.example", follow_redirects=False) as client:
        yield client


def test_every_answer_tells_browsers_to_load_nothing_from_elsewhere(
    open_client: TestClient,
) -> None:
    for address in ("/", "/nothing"):
        headers = open_client.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "private, no-cache"
        assert "access-control-allow-origin" not in headers


class TestHosts:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "127.0.0.2"])
    def test_names_of_this_machine_are_known(self, open_client: TestClient, host: str) -> None:
        assert open_client.get("/", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "evil-localhost",
            "evil.localhost:8000",
            "192.0.2.1",
            "",
        ],
    )
    def test_other_names_are_refused(self, open_client: TestClient, host: str) -> None:
        refused = open_client.get("/", headers={"host": host})
        assert refused.status_code == 421
        assert refused.json()["detail"] == (
            f"This server answers at localhost and 127.0.0.1, not at {host!r}. To be reached by "
            "other names it must be started with an access token: pagelens serve --host ADDRESS "
            "--access-token TOKEN"
        )


SITE = "https://site.example"


@pytest.fixture(params=[None, "0123456789abcdef"])
def allowed(request: pytest.FixtureRequest) -> TestClient:
    """Of a server that lets a site use the REST interface, with and without a token."""
    app = small_app()

    @app.get("/api/hits")
    def hits() -> str:
        return "hits"

    protect(app, answer, token=request.param, origins=[SITE])
    client = TestClient(app, base_url="http://localhost")
    if request.param:
        client.headers["authorization"] = f"Bearer {request.param}"
    return client


class TestAllowedOrigins:
    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_may_use_the_rest_interface_alone(self, allowed: TestClient, site: str) -> None:
        headers = {"origin": SITE, "sec-fetch-site": site, "sec-fetch-mode": "cors"}
        given = allowed.get("/api/hits", headers=headers)
        assert given.status_code == 200
        assert given.headers["access-control-allow-origin"] == SITE
        assert "access-control-allow-credentials" not in given.headers
        assert allowed.get("/", headers=headers).status_code == 403

    @pytest.mark.parametrize("origin", ["https://other.example", f"{SITE}.evil.example", "null"])
    def test_others_may_not(self, allowed: TestClient, origin: str) -> None:
        headers = {"origin": origin, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
        refused = allowed.get("/api/hits", headers=headers)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers

    def test_a_browser_asks_first_and_without_the_token(self, allowed: TestClient) -> None:
        allowed.headers.pop("authorization", None)
        asked = {
            "origin": SITE,
            "sec-fetch-site": "cross-site",
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        }
        given = allowed.options("/api/hits", headers=asked)
        assert given.status_code == 200
        assert given.headers["access-control-allow-origin"] == SITE
        assert "Authorization" in given.headers["access-control-allow-headers"]


class TestForeignSites:
    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_may_not_ask(self, open_client: TestClient, site: str) -> None:
        refused = open_client.get("/", headers={"sec-fetch-site": site, "sec-fetch-mode": "cors"})
        assert refused.status_code == 403
        assert refused.json()["detail"] == "Pages of other sites may not use this server."

    def test_may_link_but_not_post(self, open_client: TestClient) -> None:
        by_link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert open_client.get("/", headers=by_link).status_code == 200
        sent = open_client.post("/upload", headers=by_link, files={"file": b"x"})
        assert sent.status_code == 403

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    def test_our_own_pages_may(self, open_client: TestClient, site: str) -> None:
        assert open_client.get("/", headers={"sec-fetch-site": site}).status_code == 200


class TestToken:
    def test_is_asked_of_everybody(self, client: TestClient) -> None:
        refused = client.get("/")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["detail"] == (
            "This server needs its access token. In a browser open the address that pagelens serve "
            "printed; a program sends Authorization: Bearer TOKEN."
        )

    def test_what_the_page_looks_like_is_no_secret(self, client: TestClient) -> None:
        assert client.get("/static/style.css").status_code == 200

    def test_a_program_sends_it_as_bearer(self, client: TestClient) -> None:
        token = TOKEN.encode()
        right = {b"authorization": b"Bearer " + token}
        assert client.get("/", headers=right).status_code == 200
        for wrong in (b"Bearer wrong", b"Bearer", b"Basic " + token, token):
            assert client.get("/", headers={b"authorization": wrong}).status_code == 401

    def test_a_person_opens_an_address_once(self, client: TestClient) -> None:
        first = client.get("/", params={"q": "a b", "access_token": TOKEN})
        assert first.status_code == 303
        assert first.headers["location"] == "/?q=a+b"
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/", params={"q": "a"}).json() == "hello a"

    def test_the_address_leads_to_no_other_host(self, client: TestClient) -> None:
        away = client.get("http://library.example//evil.example/", params={"access_token": TOKEN})
        assert away.headers["location"] == "/evil.example/"

    def test_a_wrong_one_opens_nothing(self, client: TestClient) -> None:
        assert client.get("/", params={"access_token": "wrong"}).status_code == 401
        client.cookies.set(COOKIE, "wrong")
        assert client.get("/").status_code == 401

    def test_a_server_with_a_token_is_reached_by_any_name(self, client: TestClient) -> None:
        headers = {b"authorization": b"Bearer " + TOKEN.encode(), b"host": b"any.example"}
        assert client.get("/", headers=headers).status_code == 200


class TestLimits:
    def test_a_large_body_is_refused_by_what_it_says_and_by_what_comes(self) -> None:
        app = small_app()
        app.add_middleware(SizeLimit, answer=answer, max_bytes=1000)
        client = TestClient(app)
        assert client.post("/upload", files={"file": bytes(500)}).json() == 500

        sent = 0

        def body() -> Iterator[bytes]:
            nonlocal sent
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(100):
                sent += 100
                yield bytes(100)

        kind = {"content-type": "multipart/form-data; boundary=b"}
        for refused in (
            client.post("/upload", files={"file": bytes(2000)}),
            client.post("/upload", content=body(), headers=kind),
        ):
            assert refused.status_code == 413
            assert refused.json()["detail"] == (
                "The request is too large; at most 1,000 bytes are taken."
            )

    def test_who_takes_too_long_is_told_so(self) -> None:
        app = small_app()
        app.add_middleware(TimeLimit, answer=answer, limit_s=0.05)
        client = TestClient(app)
        late = client.get("/slow")
        assert (late.status_code, late.headers["retry-after"]) == (503, "10")
        assert late.json()["detail"] == (
            "This took longer than 0.05 s. Ask for less, or try again later."
        )
        assert client.get("/").status_code == 200


def test_the_cookie_depends_on_the_token() -> None:
    cookies = set()
    for token in ("one", "two"):
        app = small_app()
        app.add_middleware(AccessToken, answer=answer, token=token)
        client = TestClient(app, follow_redirects=False)
        cookies.add(client.get("/", params={"access_token": token}).cookies[COOKIE])
    assert len(cookies) == 2
