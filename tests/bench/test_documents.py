"""What the benchmarks send is what they say they send."""

from itertools import islice
from statistics import mean

from bench.documents import MEAN_BYTES, findings, size_bytes
from schemas.ops import check_op


def test_documents_have_14_fields_and_583_bytes_on_average():
    made = list(islice(findings(1, "a" * 32), 2000))
    assert {len(document) for document in made} == {14}
    assert abs(mean(map(size_bytes, made)) - MEAN_BYTES) < MEAN_BYTES / 100


def test_the_same_seed_makes_the_same_documents():
    assert list(islice(findings(1, "t"), 3)) == list(islice(findings(1, "t"), 3))
    assert list(islice(findings(1, "t"), 3)) != list(islice(findings(2, "t"), 3))


def test_every_document_is_a_finding_that_the_server_takes():
    for document in islice(findings(1, "a" * 32), 200):
        op = {"op_id": "o", "type": "finding", "id": "f", "action": "create", "patch": document}
        assert check_op(op).fault is None
