"""Where a bearer token may go: the configured FHIR base and below, however an address is dressed up."""

from __future__ import annotations

import pytest

from cds_service.acquire.bases import is_inside, next_address, same_base

BASE = "https://ehr.example/fhir"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (BASE, "https://ehr.example/fhir/"),
        (BASE, "https://ehr.example:443/fhir"),
        (BASE, "HTTPS://EHR.example/fhir"),
        ("http://127.0.0.1:80/r4", "http://127.0.0.1/r4/"),
        ("http://[::1]:8080/fhir", "http://[::1]:8080/fhir/"),
        ("https://ehr.example", "https://ehr.example/"),
        ("https://ehr.example/a%7Eb", "https://ehr.example/a~b"),
    ],
)
def test_the_same_base_in_another_spelling(a: str, b: str) -> None:
    assert same_base(a, b)
    assert same_base(b, a)


@pytest.mark.parametrize(
    "other",
    [
        "http://ehr.example/fhir",
        "https://ehr.example:8443/fhir",
        "https://ehr.example/FHIR",
        "https://ehr.example/fhir2",
        "https://ehr.example/fhir/tenant",
        "https://ehr.example/",
        "https://ehr.example//fhir",
        "https://ehr.example.evil.test/fhir",
        "https://ehr.example@evil.test/fhir",
        "https://user:secret@ehr.example/fhir",
        "https://@ehr.example/fhir",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir?",
        "https://ehr.example/fhir#x",
        "https://ehr.example/fhir#",
        "https://ehr.example/x/../fhir",
        "https://ehr.example/%2e%2e/fhir",
        "https://ehr.example/..;/fhir",
        "https://ehr.example\\@evil.test/fhir",
        "https://ehr.example/fhir\n",
        " https://ehr.example/fhir",
        "https://ehr.example:0/fhir",
        "https://ehr.example:99999/fhir",
        "https://ehr.example:x/fhir",
        "https://[::1/fhir",
        "https://ehr%2eexample/fhir",
        "https://еhr.example/fhir",  # a Cyrillic е
        "ftp://ehr.example/fhir",
        "//ehr.example/fhir",
        "ehr.example/fhir",
        "",
    ],
)
def test_another_base(other: str) -> None:
    assert not same_base(BASE, other)
    assert not same_base(other, BASE)


def test_an_address_that_is_no_base_is_not_even_the_same_as_itself() -> None:
    assert not same_base("https://ehr.example/fhir?x", "https://ehr.example/fhir?x")


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        (BASE, True),
        (f"{BASE}?_getpages=6f1c&_getpagesoffset=20", True),
        (f"{BASE}/Observation?patient=1&code=http://loinc.org%7C8310-5", True),
        (f"{BASE}/Observation?next=../../etc", True),
        ("https://ehr.example/fhir-other/Observation", False),
        ("https://ehr.example/fhi", False),
        ("https://ehr.example/fhir/../admin", False),
        ("https://ehr.example/fhir/%2E%2E/admin", False),
        ("https://ehr.example/fhir/..;a=b/admin", False),
        ("https://ehr.example/fhir/..%2fadmin", False),
        ("https://ehr.example/fhir/%252e%252e/admin", False),
        ("https://ehr.example/fhir%2fObservation", False),
        ("https://ehr.example/fhir%5c..%5cadmin", False),
        ("https://ehr.example/fhir/Observation#x", False),
        ("https://other.example/fhir/Observation", False),
        ("https://ehr.example:444/fhir/Observation", False),
        ("http://ehr.example/fhir/Observation", False),
        ("https://ehr.example/fhir/Observation?a b", False),
    ],
)
def test_what_lies_inside_a_base(url: str, inside: bool) -> None:
    assert is_inside(url, BASE) is inside


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (f"{BASE}?_getpages=x", f"{BASE}?_getpages=x"),
        ("Observation?_page=2", f"{BASE}/Observation?_page=2"),
        ("?_page=2", f"{BASE}/Observation?_page=2"),
        ("/fhir/Observation?_page=2", f"{BASE}/Observation?_page=2"),
        ("//evil.test/fhir/Observation", None),
        ("https://evil.test/fhir/Observation", None),
        ("https://ehr.example@evil.test/fhir", None),
        ("../admin", None),
        ("../fhir/Observation", None),
        ("javascript:alert(1)", None),
        ("https://[bad/fhir", None),
        ("", None),
    ],
)
def test_a_next_link_is_followed_only_inside_the_base(link: str, expected: str | None) -> None:
    assert next_address(link, f"{BASE}/Observation", BASE) == expected
