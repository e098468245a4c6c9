"""The API page: served from here, whole without internet."""

import re


def test_the_page_loads_only_what_is_served_here(http):
    text = http.get("/api/v1/docs").text
    links = re.findall(r'(?:href|src|data-url)="([^"]+)"', text)
    assert len(links) >= 4
    for link in links:
        assert link.startswith("/api/v1/")
        assert http.get(link).status_code == 200


def test_the_page_allows_no_other_source_and_no_inline_script(http):
    for path in ("/api/v1/docs", "/api/v1/docs/"):
        answer = http.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?! src=)", answer.text)


def test_only_the_named_files_of_the_package_are_served(http):
    for name in ("index.css", "../__init__.py", "oauth2-redirect.html", "%2e%2e/README.md"):
        assert http.get(f"/api/v1/docs/assets/{name}").status_code == 404


def test_the_description_lists_review_and_publication(http):
    paths = http.get("/api/v1/openapi.json").get_json()["paths"]
    for path in (
        "/api/v1/tasks/{task_id}/review", "/api/v1/tasks/{task_id}/approve",
        "/api/v1/tasks/{task_id}/send-back", "/api/v1/tasks/{task_id}/publish",
        "/api/v1/publications/{notice_id}/withdraw", "/api/v1/public/results",
        "/api/v1/public/results/{notice_id}",
    ):  # fmt: skip
        assert path in paths
    assert not any(path.startswith("/public") for path in paths)
