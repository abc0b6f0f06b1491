import pytest
import typer

from bulkup.cli.prompts import confirm_delete
from bulkup.errors import InputError
from bulkup.model import Operation, Target

PRODUCTION = "https://acme.my.salesforce.com"
SANDBOX = "https://acme--uat.sandbox.my.salesforce.com"


def target(url: str, operation: Operation = Operation.DELETE) -> Target:
    return Target(object="Lead", operation=operation, alias="prod", instance_url=url)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What was asked, and what is answered to it."""
    said: dict[str, object] = {"answer": "", "yes": False}

    def prompt(text: str, **_: object) -> str:
        said["question"] = text
        return str(said["answer"])

    def confirm(text: str, **_: object) -> bool:
        said["question"] = text
        return bool(said["yes"])

    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr(typer, "confirm", confirm)
    return said


def test_a_delete_in_production_is_confirmed_by_the_number_of_rows(
    asked: dict[str, object],
) -> None:
    asked["answer"] = "y"
    with pytest.raises(InputError, match="Not confirmed"):
        confirm_delete(target(PRODUCTION), 1100)
    assert "Delete 1,100 Leads in prod (acme.my.salesforce.com, production)?" in str(
        asked["question"]
    )
    for answer in ("1100", "1,100"):
        asked["answer"] = answer
        confirm_delete(target(PRODUCTION), 1100)


def test_a_delete_in_a_sandbox_is_confirmed_by_yes(asked: dict[str, object]) -> None:
    with pytest.raises(InputError):
        confirm_delete(target(SANDBOX, Operation.HARD_DELETE), 1)
    assert "Delete 1 Lead for ever in prod" in str(asked["question"])
    asked["yes"] = True
    confirm_delete(target(SANDBOX), 1)


def test_what_deletes_nothing_is_not_asked_about(asked: dict[str, object]) -> None:
    confirm_delete(target(PRODUCTION, Operation.UPDATE), 5)
    assert "question" not in asked
