"""What an evaluation gives back, in the words of OpenFeature."""

from __future__ import annotations

import json

from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason


def test_reasons_and_error_codes_are_texts() -> None:
    """They can be compared with texts, logged and sent as they are."""
    evaluation = Evaluation(True, "on", Reason.SPLIT, None, 7, ErrorCode.GENERAL)

    assert evaluation.reason == "SPLIT"
    assert evaluation.error == "GENERAL"
    assert json.dumps(evaluation) == '[true, "on", "SPLIT", null, 7, "GENERAL"]'


def test_an_evaluation_has_the_fields_of_the_contract() -> None:
    """In this order: it can be unpacked."""
    assert Evaluation._fields == ("value", "variant", "reason", "rule", "version", "error")


def test_every_name_is_its_value() -> None:
    """As in OpenFeature."""
    for member in [*Reason, *ErrorCode]:
        assert member.name == member.value
