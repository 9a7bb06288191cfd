"""Tokens made to get in. Each is refused, for the reason it was made for; none leads to a fetch elsewhere."""

from __future__ import annotations

import json

import pytest
from flask import g
from flask.testing import FlaskClient

from tests.attack.forging import (
    AUD,
    JKU,
    ORDER,
    OTHER,
    STRANGER,
    Attack,
    as_is,
    changed,
    claims,
    der,
    headed,
    header,
    jwk_text,
    mixed,
    packed,
    pem,
    plain,
    shared_secret,
    signed,
    tampered,
    twice,
    unsigned,
)
from tests.contract.trusted import AT, call, service, token
from tests.trusted_ehr import PATH, PUBLIC_URL, Ehr, client_entry, key_of, public_jwk

ALGORITHMS = [
    *(
        Attack(
            f"alg {name!r} without a signature",
            plain(name),
            "wrong-algorithm",
        )
        for name in (
            "none",
            "None",
            "NONE",
            "nOnE",
            "none ",
            "",
            "null",
            None,
            True,
            [],
            ["ES384"],
            {"a": 1},
            0,
        )
    ),
    Attack("no alg", lambda: unsigned(header(alg=...)), "wrong-algorithm"),
    Attack("ES384 without a signature", lambda: unsigned(header()), "bad-signature"),
    *(
        Attack(
            f"{name} with the public key as {form}",
            shared_secret(name, secret),
            "wrong-algorithm",
        )
        for name in ("HS256", "HS384", "HS512")
        for form, secret in (("PEM", pem), ("DER", der), ("JWK", jwk_text), ("nothing", bytes))
    ),
    *(
        Attack(f"alg {name} over an ES384 signature", headed(alg=name), "wrong-algorithm")
        for name in (
            "es384",
            "ES384 ",
            "ES256",
            "ES512",
            "ES256K",
            "PS384",
            "RS256",
            "RS512",
            "EdDSA",
            "ES384\u0000",
        )
    ),
    Attack("RS384 named over an ES384 signature", headed(alg="RS384"), "unknown-key"),
    Attack(
        "ES256 with a key of its own",
        lambda: token(Ehr(algorithm="ES256", key=key_of("P-256"))),
        "wrong-algorithm",
    ),
]
SIGNATURES = [
    Attack("a stranger's key under the EHR's kid", lambda: token(STRANGER), "bad-signature"),
    Attack("r = s = 0", lambda: unsigned(header(), signature=bytes(96)), "bad-signature"),
    Attack("r = s = 1", lambda: unsigned(header(), signature=(bytes(47) + b"\x01") * 2), "bad-signature"),
    Attack(
        "r = s = order", lambda: unsigned(header(), signature=ORDER.to_bytes(48, "big") * 2), "bad-signature"
    ),
    Attack(
        "a signature of a zero length DER", lambda: unsigned(header(), signature=b"\x30\x00"), "bad-signature"
    ),
    Attack(
        "a signature of P-256's length", lambda: unsigned(header(), signature=b"\x01" * 64), "bad-signature"
    ),
    Attack(
        "a signature that is too long", lambda: unsigned(header(), signature=b"\x01" * 97), "bad-signature"
    ),
    Attack(
        "claims changed under a good signature", lambda: tampered(1, claims(jti="other")), "bad-signature"
    ),
    Attack("header changed under a good signature", lambda: tampered(0, header(x="y")), "bad-signature"),
    Attack("the signature of another token", mixed, "bad-signature"),
]
KEYS_ALONG = [
    Attack(
        "its own key as jwk",
        lambda: token(STRANGER, headers={"jwk": public_jwk(STRANGER.key)}),
        "key-in-token",
    ),
    Attack("the EHR's key as jwk", headed(jwk=Ehr().jwks()["keys"][0]), "key-in-token"),
    Attack("a certificate as x5c", headed(x5c=["MIIB"]), "key-in-token"),
    Attack("the address of a certificate, x5u", headed(x5u="https://evil.example/c.pem"), "key-in-token"),
    Attack("jwk null", headed(jwk=None), "key-in-token"),
]
KIDS = [
    *(
        Attack(f"kid {kid!r}", headed(kid=kid), "unknown-key")
        for kid in (
            "../../../../dev/null",
            "/dev/null",
            "one' OR '1'='1",
            "one; DROP TABLE keys",
            "One",
            "ONE",
            " one",
            "one ",
            "one\u0000",
            "",
            "x" * 257,
            "x" * 5000,
            None,
            1,
            True,
            ["one"],
            {"one": 1},
            "\ud800",
            "*",
            "оne",
            "${jndi:ldap://evil.example/a}",
            "{{7*7}}",
            "http://evil.example/jwks.json",
        )
    ),
    Attack("no kid", headed(kid=...), "unknown-key"),
]
HEADERS = [
    Attack("crit", headed(crit=["exp"]), "critical-header"),
    Attack("an empty crit", headed(crit=[]), "critical-header"),
    Attack("crit null", headed(crit=None), "critical-header"),
    Attack("b64 false", headed(b64=False, crit=["b64"]), "critical-header"),
    Attack("b64 true", headed(b64=True), "critical-header"),
    Attack("packed claims (zip)", headed(zip="DEF"), "critical-header"),
    Attack("an encrypted one (enc)", headed(enc="A256GCM"), "critical-header"),
    Attack("one inside another (cty)", headed(cty="JWT"), "critical-header"),
    *(
        Attack(f"typ {kind!r}", headed(typ=kind), "wrong-type")
        for kind in ("at+jwt", "JWE", "JOSE", "application/jwt", "", None, 1, ["JWT"], "JWT ", ...)
    ),
]
JKUS = [
    *(
        Attack(f"jku {jku!r}", headed(jku=jku), "foreign-jku")
        for jku in (
            "https://evil.example/jwks.json",
            "https://ehr.example@evil.example/jwks.json",
            "https://ehr.example.evil.example/jwks.json",
            f"{JKU}/",
            f"{JKU}?x=1",
            f"{JKU}#x",
            "https://ehr.example/./jwks.json",
            "https://ehr.example/a/../jwks.json",
            "https://ehr.example//jwks.json",
            "https://ehr.example:443/jwks.json",
            "https://EHR.example/jwks.json",
            "HTTPS://ehr.example/jwks.json",
            "http://ehr.example/jwks.json",
            "https://ehr.example/%6awks.json",
            "https://ehr.example/redirect?to=evil",
            "https://ehr.example\\@evil.example/jwks.json",
            "https://127.0.0.1/jwks.json",
            "file:///etc/passwd",
            "https://[::ffff:127.0.0.1]/jwks.json",
            "data:application/json,{}",
            "",
            None,
            1,
            [JKU],
            {"a": JKU},
            f" {JKU}",
            f"{JKU}\n",
            "https://ehr.example/jwks.json\u0000",
        )
    ),
]
AUDIENCES = [
    *(
        Attack(f"aud {aud!r}", changed(aud=aud), "wrong-audience")
        for aud in (
            ...,
            None,
            "",
            [],
            [AUD, AUD],
            [AUD, "https://other.example"],
            ["https://other.example", AUD],
            [[AUD]],
            {"0": AUD},
            True,
            1,
            PUBLIC_URL,
            f"{PUBLIC_URL}/cds-services",
            f"{AUD}/",
            f"{AUD}?",
            f"{AUD}#",
            f"{AUD}?x",
            AUD.replace("https", "http"),
            AUD.upper(),
            AUD.replace("cds.", "CDS."),
            AUD.replace(".example/", ".example:443/"),
            AUD.replace("/crs/", "/"),
            AUD.replace("/crs/", "/crs/./"),
            AUD.replace("/crs/", "//crs/"),
            f" {AUD}",
            f"{AUD}\n",
            f"{AUD},{AUD}",
            "*",
            f"{AUD}/feedback",
            PUBLIC_URL + "/cds-services/crs-order-sign",
            "https://cds.example@evil.example/crs" + PATH,
            "https://evil.example/crs" + PATH,
            PATH,
            "http://localhost" + PATH,
        )
    ),
]
TIMES = [
    *(
        Attack(f"{name} {value!r}", changed(**{name: value}), "no-valid-times")
        for name in ("exp", "iat", "nbf")
        for value in (
            None,
            True,
            False,
            "",
            str(AT),
            "soon",
            AT + 0.5,
            1e300,
            -1,
            [AT],
            {"t": AT},
            2**53,
            10**100,
        )
    ),
    Attack("no exp", changed(exp=...), "no-valid-times"),
    Attack("no iat", changed(iat=...), "no-valid-times"),
    Attack("exp at iat", changed(exp=AT), "no-valid-times"),
    Attack("exp before iat", changed(exp=AT, iat=AT + 1), "no-valid-times"),
    Attack("a life of ten years", changed(exp=AT + 315_360_000), "too-long-a-life"),
    Attack("a life of a second too long", changed(exp=AT + 301), "too-long-a-life"),
    Attack("issued in 1970", changed(iat=0), "too-long-a-life"),
    Attack("exp in milliseconds", changed(exp=(AT + 300) * 1000), "too-long-a-life"),
    Attack("expired", changed(now=AT - 1000), "expired"),
    Attack("just expired", changed(now=AT - 330), "expired"),
    Attack("of tomorrow", changed(now=AT + 86_400), "not-yet-valid"),
    Attack("issued a little ahead", changed(now=AT + 31), "not-yet-valid"),
    Attack("nbf ahead", changed(nbf=AT + 60), "not-yet-valid"),
]
ISSUERS = [
    *(
        Attack(f"iss {iss!r}", changed(iss=iss), "unknown-issuer")
        for iss in (
            ...,
            None,
            "",
            True,
            1,
            [],
            ["https://ehr.example"],
            {"iss": "https://ehr.example"},
            "https://EHR.example",
            "https://ehr.example/",
            "http://ehr.example",
            "https://ehr.example ",
            " https://ehr.example",
            "https://ehr.example\u0000",
            "https://ehr.example:443",
            "https://ehr.example#",
            "https://evil.example",
            "https://ehr.example@evil.example",
            "https://ehr.example.evil.example",
            "https://ehr.exampl\u0435",
            "*",
            "HTTPS://EHR.EXAMPLE",
            "https://ehr.example\n",
        )
    ),
    Attack("another trusted EHR's name", changed(iss=OTHER), "bad-signature"),
]
IDENTIFIERS = [
    Attack(f"jti {str(jti)[:20]!r}", changed(jti=jti), "no-jti")
    for jti in (..., None, "", 1, True, [], ["a"], {"a": 1}, "x" * 257)
]
SHAPES = [
    *(
        Attack(name, as_is(text), "malformed-token")
        for name, text in (
            ("two parts", "a.b"),
            ("one part", "a"),
            ("four parts", "a.b.c.d"),
            ("five parts (JWE)", "a.b.c.d.e"),
            ("nothing between dots", ".."),
            ("not base64", "*.*.*"),
            ("too large", "a" * 9000 + ".b.c"),
            ("cut header", packed(header())[:-7] + "." + packed({}) + ".c"),
            ("null", "null"),
        )
    ),
    Attack("claims that are a list", lambda: signed(header(), [claims()]), "malformed-token"),
    Attack("claims that are text", lambda: signed(header(), "claims"), "malformed-token"),
    Attack("claims that are null", lambda: signed(header(), b"null"), "malformed-token"),
    Attack("claims that are a token", lambda: signed(header(), token().encode()), "malformed-token"),
    Attack("a header that is a list", lambda: signed([header()], claims()), "malformed-token"),
    Attack(
        "a claim twice", lambda: signed(header(), twice("iss", "https://evil.example")), "malformed-token"
    ),
    Attack("aud twice", lambda: signed(header(), twice("aud", AUD)), "malformed-token"),
    Attack(
        "alg twice",
        lambda: signed(b'{"alg":"none","alg":"ES384","typ":"JWT","kid":"one"}', claims()),
        "malformed-token",
    ),
    Attack(
        "kid twice",
        lambda: signed(b'{"alg":"ES384","typ":"JWT","kid":"x","kid":"one"}', claims()),
        "malformed-token",
    ),
    Attack("NaN", lambda: signed(header(), b'{"exp": NaN}'), "malformed-token"),
    Attack("Infinity", lambda: signed(header(), b'{"exp": Infinity}'), "malformed-token"),
    Attack(
        "a number of 5000 digits",
        lambda: signed(header(), b'{"exp": ' + b"9" * 5000 + b"}"),
        "malformed-token",
    ),
    Attack("nested deeply", lambda: signed(header(), b"[" * 3000 + b"]" * 3000), "malformed-token"),
    Attack("bytes that are no text", lambda: signed(header(), b'{"iss": "\xff"}'), "malformed-token"),
    Attack(
        "a byte order mark",
        lambda: signed(header(), b"\xef\xbb\xbf" + json.dumps(claims()).encode()),
        "malformed-token",
    ),
    Attack(
        "something after the claims",
        lambda: signed(header(), json.dumps(claims()).encode() + b"{}"),
        "malformed-token",
    ),
]


ATTACKS = [
    *ALGORITHMS,
    *SIGNATURES,
    *KEYS_ALONG,
    *KIDS,
    *HEADERS,
    *JKUS,
    *AUDIENCES,
    *TIMES,
    *ISSUERS,
    *IDENTIFIERS,
    *SHAPES,
]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service that trusts two EHRs, with keys from files: a fetch from anywhere would fail."""
    folder = tmp_path_factory.mktemp("clients")
    other = Ehr(iss=OTHER, key=key_of("P-384", 2))
    return service(folder, client_entry(folder, jku=JKU), client_entry(folder, other))


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_a_forged_token_is_refused_for_what_is_wrong_with_it(guarded: FlaskClient, attack: Attack) -> None:
    """CH-69, CH-70: and the caller learns nothing of the reason."""
    with guarded:
        answer = call(guarded, f"Bearer {attack.token()}")
        assert (answer.status_code, answer.data) == (401, b"")
        assert g.refused_for == attack.reason
        assert g.client is None
