def test_a_living_server_says_so(http):
    assert http.get("/healthz").get_json() == {"status": "ok"}
    assert http.get("/readyz").get_json() == {"status": "ok"}


def test_an_unknown_address_answers_in_the_envelope(http, world):
    answer = http.get("/api/v1/nothing-here")
    assert answer.status_code == 404
    assert set(answer.get_json()) == {"code", "message", "details", "request_id"}
