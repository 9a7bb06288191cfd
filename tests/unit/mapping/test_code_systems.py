"""Check digits and the one form in which codes are compared."""

import pytest

from fhir_mappings.code_systems import loinc_is_valid, ndc_forms, plain, snomed_is_valid


@pytest.mark.parametrize("code", ["8310-5", "3150-0", "59408-5", "107117-4", "85354-9"])
def test_true_loinc_codes_pass_their_check_digit(code: str) -> None:
    assert loinc_is_valid(code)


@pytest.mark.parametrize("code", ["3150-6", "8310-6", "83105", "LP123-4", ""])
def test_mistyped_loinc_codes_fail_it(code: str) -> None:
    assert not loinc_is_valid(code)


def test_one_changed_digit_of_a_snomed_code_is_noticed() -> None:
    assert snomed_is_valid("710027002")
    assert not any(snomed_is_valid(f"71002700{digit}") for digit in "013456789")


@pytest.mark.parametrize("code", ["0078-0846", "0078-0846-19", "00078-0846-19", "00078084619", "0078084619"])
def test_an_ndc_is_compared_by_labeler_and_product_however_it_is_written(code: str) -> None:
    assert "000780846" in ndc_forms(code)


@pytest.mark.parametrize("code", ["71287-119-01", "71287-119", "71287011901"])
def test_a_three_digit_product_is_padded(code: str) -> None:
    assert ndc_forms(code) == ("712870119",)


@pytest.mark.parametrize("code", ["", "abc", "12-", "123456-7890-12", "12345", "1234567890123"])
def test_what_is_not_an_ndc_matches_nothing(code: str) -> None:
    assert ndc_forms(code) == ()


def test_names_are_compared_without_case_underscores_and_extra_blanks() -> None:
    assert plain("  High_Flow  nasal\tCannula ") == "high flow nasal cannula"
