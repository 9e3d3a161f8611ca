from tests.golden.signed_documents import FOLDER, files


def test_signed_bytes_are_those_that_were_published() -> None:
    made = files()
    assert {path: path.read_bytes() for path in made} == made, "run: make golden, and say why in the changelog"


def test_no_golden_document_is_left_over() -> None:
    assert set(FOLDER.iterdir()) == {path for path in files() if path.parent == FOLDER}
