"""Nothing leaves without a yes to the study and the address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.consent import Address, Consents, address_of, question
from radixgpt.errors import ConsentError, SettingsError

FAR = "https://vlm.example.org/v1"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "http://LOCALHOST./v1",
        "http://127.0.0.1/v1",
        "http://127.8.9.1:1/v1",
        "http://[::1]:8000/v1",
        "http://[::ffff:127.0.0.1]/v1",
    ],
)
def test_this_machine_needs_no_consent(url: str) -> None:
    assert address_of(url).here
    assert Consents().require("study", url) == address_of(url)


@pytest.mark.parametrize(
    "url",
    [
        FAR,
        "http://0.0.0.0/v1",
        "http://10.0.0.1/v1",
        "http://localhost.example.org/v1",
        "http://127.0.0.1.example.org/v1",
        "http://2130706433/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "http://[fe80::1]/v1",
    ],
)
def test_every_other_address_needs_one(url: str) -> None:
    consents = Consents()
    assert not address_of(url).here
    with pytest.raises(ConsentError, match="nobody allowed that") as caught:
        consents.require("study", url)
    assert str(address_of(url)) in caught.value.problem
    consents.give("study", url)
    assert consents.require("study", url) == address_of(url)


def test_a_consent_is_for_one_study_and_one_address() -> None:
    consents = Consents()
    consents.give("one", FAR)
    assert consents.given("one", "https://VLM.example.org:443/other/path")
    for study, url in (
        ("two", FAR),
        ("one", "http://vlm.example.org/v1"),
        ("one", "https://vlm.example.org:444/v1"),
        ("one", "https://elsewhere.example.org/v1"),
    ):
        assert not consents.given(study, url)
    consents.give("two", FAR)
    consents.withdraw("one")
    assert not consents.given("one", FAR)
    assert consents.given("two", FAR)
    consents.withdraw()
    assert not consents.given("two", FAR)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vlm.example.org",
        "ftp://x/v1",
        "http://",
        "http://h:99999/v1",
        "http://h:x/",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="not the address"):
        address_of(url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        address_of("https://me:secret@vlm.example.org/v1")
    assert "secret" not in str(caught.value)


def test_the_question_says_what_goes_where() -> None:
    told = question(FAR, 2)
    assert "2 pictures" in told
    assert "https://vlm.example.org," not in told
    assert "https://vlm.example.org:" in told
    assert "burned" in told
    assert "unencrypted" in question("http://vlm.example.org/v1", 1)


@given(
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(["a.example", "10.0.0.1", "::1", "fe80::2", "localhost"]),
    port=st.integers(1, 65535),
)
def test_an_address_reads_back_from_its_words(scheme: str, host: str, port: int) -> None:
    made = Address(scheme, host, port)
    assert address_of(str(made)) == made
