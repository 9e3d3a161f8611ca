import json
from pathlib import Path

import pytest
import typer

from domain.errors import Expired, Refused, RolledBack, Unreachable
from pipelines.answers import answer, answering
from pipelines.reallocation import Reallocation


@pytest.mark.parametrize(("error", "code"), [(Refused, 1), (RolledBack, 1), (Expired, 1), (Unreachable, 3)])
def test_an_error_of_the_house_is_one_sentence_and_its_exit_code(
    error: type[Exception], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @answering
    def command() -> None:
        raise error("expected this, got that")

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == code
    assert capsys.readouterr() == ("", "factory: expected this, got that\n")


def test_a_path_that_cannot_be_used_is_one_sentence_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    @answering
    def command() -> None:
        tmp_path.read_bytes()

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == f"factory: cannot use {tmp_path}: Is a directory: correct the path\n"


def test_what_is_no_answer_of_the_house_is_not_hidden() -> None:
    @answering
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


def test_an_answer_is_json_or_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    answer({"rows": 1}, True, lambda: "one row")
    assert json.loads(capsys.readouterr().out) == {"rows": 1}
    answer({"rows": 1}, False, lambda: "one row")
    assert capsys.readouterr().out == "one row\n"


def reallocation(*answers: str) -> Reallocation:
    rows = [{"pod": f"pod-{number}", "answer": given, "reason": "because"} for number, given in enumerate(answers)]
    return Reallocation({"deliveries": rows}, {})


@pytest.mark.parametrize("answers", [(), ("APPLIED",), ("APPLIED", "UNREACHABLE"), ("APPLIED", "NO DOCUMENT")])
def test_a_run_is_done_where_any_pod_answered_and_none_refused(answers: tuple[str, ...]) -> None:
    reallocation(*answers).raise_for_pods()
    assert reallocation(*answers).summary["deliveries"] is not None


@pytest.mark.parametrize("answers", [("REFUSED",), ("APPLIED", "REFUSED", "UNREACHABLE")])
def test_a_run_with_a_refused_document_names_every_pod_that_did_not_take_its_own(answers: tuple[str, ...]) -> None:
    missed = [f"pod-{number}" for number, given in enumerate(answers) if given != "APPLIED"]
    with pytest.raises(Refused, match="; ".join(f"{pod}: because" for pod in missed)):
        reallocation(*answers).raise_for_pods()


def test_a_run_that_no_pod_answered_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="pod-0: because; pod-1: because"):
        reallocation("UNREACHABLE", "UNREACHABLE").raise_for_pods()
