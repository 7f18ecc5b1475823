"""Tokens against spec/access-token.md, each with the answer that a verifier must give at a given time."""

import hashlib
import json

import ed25519
import p256
import rs256
from make_vectors import ISSUER, PARENT, SID, b64

ACTIVE, NEXT, STRANGER = p256.EXAMPLE, 0x1111111111111111, 0x2222222222222222
AUDIENCE = "https://api.example"
IAT, EXP, SKEW = 1764000000, 1764000600, 5


def jwk(private):
    x, y = p256.public(private)
    return {"kty": "EC", "crv": "P-256", "x": b64(x.to_bytes(32, "big")), "y": b64(y.to_bytes(32, "big"))}


def kid_of(private):
    key = jwk(private)
    text = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return b64(hashlib.sha256(text.encode()).digest())


def compact(value):
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def token(header, payload, private=ACTIVE, change=lambda r, s: (r, s)):
    text = b64(compact(header)) + "." + b64(compact(payload))
    r, s = change(*p256.sign(private, text.encode()))
    return text + "." + b64(p256.raw(r, s))


RSA = {"e": b64(rs256.E.to_bytes(3, "big")), "kty": "RSA", "n": b64(rs256.N.to_bytes(256, "big"))}
ED = {"crv": "Ed25519", "kty": "OKP", "x": b64(ed25519.public())}
FURTHER = {"RS256": (RSA, rs256.sign), "Ed25519": (ED, ed25519.sign)}


def further_kid(alg):
    # RFC 7638: the members of a key stand in their order already.
    return b64(hashlib.sha256(compact(FURTHER[alg][0])).digest())


def further(signed_with, **header):
    text = b64(compact({"alg": signed_with, "typ": "at+jwt", "kid": further_kid(signed_with), **header})) + "." + b64(compact(CLAIMS))
    return text, FURTHER[signed_with][1](text.encode())


HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(ACTIVE)}
CLAIMS = {"iss": ISSUER, "sub": "u-81", "aud": AUDIENCE, "client_id": "web", "scope": "read write", "iat": IAT, "exp": EXP,
          "jti": "4pJ0mB2nQm6cG0q3f1x0Aw", "sid": SID, "fam": "AAECAw", "pos": "1.42"}
NOW = IAT * 1000 + 1000


def without(*names):
    return {name: value for name, value in CLAIMS.items() if name not in names}


def cases():
    good = token(HEADER, CLAIMS)
    head, body, signature = good.split(".")
    yes, no = "accepted", "rejected"

    def header(**changes):
        return token({**HEADER, **changes}, CLAIMS)

    def claims(**changes):
        return token(HEADER, {**CLAIMS, **changes})

    yield "a plain token", "AT-1", good, NOW, yes, {}
    yield "with an array of audiences", "AT-11", claims(aud=["https://other.example", AUDIENCE]), NOW, yes, {}
    yield "of a child session", "AT-5", claims(anc=[PARENT]), NOW, yes, {}
    yield "of a service, without session and family", "AT-3", token(HEADER, {**without("sid", "fam"), "sub": "web"}), NOW, yes, {}
    yield "without scope", "AT-2", token(HEADER, without("scope")), NOW, yes, {}
    yield "with claims of the sign-in", "AT-8", claims(auth_time=IAT - 60, acr="aal2", amr=["pwd", "otp"]), NOW, yes, {}
    yield "with claims of the app", "AT-9", claims(plan="gold"), NOW, yes, {}
    yield "the type in another case", "AT-V2", header(typ="AT+JWT"), NOW, yes, {}
    yield "the type as a media type", "AT-V2", header(typ="application/at+jwt"), NOW, yes, {}
    yield "under the next key", "AT-V3", token({**HEADER, "kid": kid_of(NEXT)}, CLAIMS, NEXT), NOW, yes, {}
    yield "the twin of its signature", "AT-V4", token(HEADER, CLAIMS, change=lambda r, s: (r, p256.N - s)), NOW, yes, {}

    yield "the type of any JWT", "AT-V2", header(typ="JWT"), NOW, no, {}
    yield "no type", "AT-V1", token({"alg": "ES256", "kid": HEADER["kid"]}, CLAIMS), NOW, no, {}
    yield "the type of a receipt", "AT-V2", header(typ="hallpass-receipt+jwt"), NOW, no, {}
    yield "no kid", "AT-V1", token({"alg": "ES256", "typ": "at+jwt"}, CLAIMS), NOW, no, {}
    yield "an unknown kid", "AT-V3", token({**HEADER, "kid": kid_of(STRANGER)}, CLAIMS, STRANGER), NOW, no, {}
    yield "a stranger's signature under our kid", "AT-V4", token(HEADER, CLAIMS, STRANGER), NOW, no, {}
    yield "the next key's signature under the active kid", "AT-V4", token(HEADER, CLAIMS, NEXT), NOW, no, {}
    yield "an unsecured token", "AT-V1", b64(compact({**HEADER, "alg": "none"})) + "." + body + ".", NOW, no, {}
    yield "alg none over a genuine signature", "AT-V1", b64(compact({**HEADER, "alg": "none"})) + "." + body + "." + signature, NOW, no, {}
    yield "alg HS256", "AT-V1", header(alg="HS256"), NOW, no, {}
    yield "another algorithm than the key's", "AT-V2", header(alg="ES384"), NOW, no, {}
    yield "a key in the header", "AT-V1", header(jwk=jwk(STRANGER)), NOW, no, {}
    yield "a critical extension", "AT-V1", header(crit=["exp"]), NOW, no, {}
    yield "an unknown member in the header", "AT-V1", header(x="y"), NOW, no, {}
    yield "another payload under the signature", "AT-V4", head + "." + b64(compact({**CLAIMS, "sub": "u-1"})) + "." + signature, NOW, no, {}
    yield "r is zero", "AT-V4", token(HEADER, CLAIMS, change=lambda r, s: (0, s)), NOW, no, {}
    yield "s is zero", "AT-V4", token(HEADER, CLAIMS, change=lambda r, s: (r, 0)), NOW, no, {}
    yield "r and s are zero", "AT-V4", token(HEADER, CLAIMS, change=lambda r, s: (0, 0)), NOW, no, {}
    yield "s is the order", "AT-V4", token(HEADER, CLAIMS, change=lambda r, s: (r, p256.N)), NOW, no, {}
    yield "no signature", "AT-V1", head + "." + body + ".", NOW, no, {}
    yield "63 bytes of signature", "AT-V4", head + "." + body + "." + b64(p256.raw(*p256.sign(ACTIVE, f"{head}.{body}".encode()))[:63]), NOW, no, {}
    yield "padding", "AT-V1", good + "==", NOW, no, {}
    yield "a space after it", "AT-V1", good + " ", NOW, no, {}
    yield "two parts", "AT-V1", head + "." + body, NOW, no, {}
    yield "four parts", "AT-V1", good + ".AAAA", NOW, no, {}
    yield "over 4,096 characters", "AT-V1", claims(pad="x" * 3200), NOW, no, {}
    yield "a duplicate member", "AT-V1", token(HEADER, compact(CLAIMS)[:-1] + b',"sub":"u-1"}'), NOW, no, {}
    yield "a duplicate member in the header", "AT-V1", token(compact(HEADER)[:-1] + b',"alg":"ES256"}', CLAIMS), NOW, no, {}
    yield "an array as payload", "AT-V1", token(HEADER, [CLAIMS]), NOW, no, {}
    yield "another issuer", "AT-V5", claims(iss="https://auth.example/"), NOW, no, {}
    yield "another audience", "AT-V5", claims(aud="https://api.example.evil"), NOW, no, {}
    yield "an array of other audiences", "AT-V5", claims(aud=["https://a.example", "https://b.example"]), NOW, no, {}
    for name in ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "pos"):
        yield f"without {name}", "AT-2", token(HEADER, without(name)), NOW, no, {}
    yield "a session without a family", "AT-3", token(HEADER, without("fam")), NOW, no, {}
    yield "a family without a session", "AT-3", token(HEADER, without("sid")), NOW, no, {}
    yield "nine ancestors", "AT-5", claims(anc=[f"{PARENT[:-1]}{i}" for i in range(9)]), NOW, no, {}
    yield "eleven audiences", "AT-11", claims(aud=[AUDIENCE] + [f"https://{i}.example" for i in range(10)]), NOW, no, {}
    yield "an audience twice", "AT-11", claims(aud=[AUDIENCE, AUDIENCE]), NOW, no, {}
    yield "an empty audience", "AT-11", claims(aud=[]), NOW, no, {}
    yield "a number as subject", "AT-V5", claims(sub=81), NOW, no, {}
    yield "a zero character in the subject", "AT-V5", claims(sub="u\u0000"), NOW, no, {}
    yield "iat as text", "AT-V5", claims(iat=str(IAT)), NOW, no, {}
    yield "a fraction of a second", "AT-V5", claims(exp=EXP + 0.5), NOW, no, {}
    yield "an array as scope", "AT-V5", claims(scope=["read"]), NOW, no, {}
    yield "two spaces in the scope", "AT-V5", claims(scope="read  write"), NOW, no, {}
    yield "a malformed position", "AT-V5", claims(pos="1.042"), NOW, no, {}
    yield "a third number in the position", "AT-V5", claims(pos="1.42.1"), NOW, no, {}
    yield "bound to a key, without proof", "AT-V6", claims(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), NOW, no, {}
    yield "bound in an unknown way", "AT-V6", claims(cnf={}), NOW, no, {}

    end = (EXP + SKEW) * 1000
    yield "one millisecond before its end with skew", "AT-V5", good, end - 1, yes, {}
    yield "at its end with skew", "AT-V5", good, end, no, {}
    yield "one millisecond after its end with skew", "AT-V5", good, end + 1, no, {}
    start = (IAT - SKEW) * 1000
    yield "issued as far ahead as the skew allows", "AT-V5", good, start, yes, {}
    yield "issued one millisecond further ahead", "AT-V5", good, start - 1, no, {}
    late = claims(nbf=IAT + 60)
    yield "not valid before, at the skew", "AT-V5", late, (IAT + 60 - SKEW) * 1000, yes, {}
    yield "not valid before, one millisecond earlier", "AT-V5", late, (IAT + 60 - SKEW) * 1000 - 1, no, {}
    yield "ends when it begins", "AT-V5", claims(exp=IAT), NOW, no, {}
    yield "lives exactly the longest lifetime", "AT-V5", claims(exp=IAT + 3600), NOW, yes, {}
    yield "lives a second longer", "AT-V5", claims(exp=IAT + 3601), NOW, no, {}

    for alg, other in (("RS256", "Ed25519"), ("Ed25519", "RS256")):
        text, bytes_ = further(alg)
        yield f"signed with {alg}", "AT-V4", text + "." + b64(bytes_), NOW, yes, {}
        yield f"signed with {alg}, one bit changed", "AT-V4", text + "." + b64(bytes_[:9] + bytes([bytes_[9] ^ 1]) + bytes_[10:]), NOW, no, {}
        yield f"signed with {alg}, a byte short", "AT-V1", text + "." + b64(bytes_[:-1]), NOW, no, {}
        for said in (other, "ES256", "EdDSA", "PS256", "none"):
            text, bytes_ = further(alg, alg=said)
            yield f"signed with {alg}, and says {said}", "AT-V2", text + "." + b64(bytes_), NOW, no, {}
        text, bytes_ = further(alg, kid=kid_of(ACTIVE))
        yield f"signed with {alg}, and names a key of ES256", "AT-V2", text + "." + b64(bytes_), NOW, no, {}

    yield "its end with skew lies after the horizon", "AT-V7", good, NOW, yes, {"horizon_ms": end - 1}
    yield "its end with skew is the horizon", "AT-V7", good, NOW, no, {"horizon_ms": end}
    yield "of an older epoch", "AT-V7", good, NOW, no, {"pos": "2.43"}
    yield "of a newer epoch than the view's", "AT-V7", claims(pos="2.1"), NOW, yes, {}
    yield "its session was ended", "AT-V7", good, NOW, no, {
        "pos": "1.43", "notices": [{"pos": "1.43", "at_ms": NOW - 500, "until_ms": NOW + 3610000, "kind": "session", "sid": SID}]}


def vectors():
    return {
        "comment": "spec/access-token.md. A verifier of `issuer` for `audience` with the given skew and longest lifetime, the key set `keys` and a view that "
                   "is fresh. Each case changes the members of `view` that it names, and gives the rule, the token, the time and the answer. "
                   "Signed by p256.py (ECDSA with the nonces of RFC 6979), rs256.py and ed25519.py. The private keys are in there and protect nothing.",
        "issuer": ISSUER, "audience": AUDIENCE, "skew_s": SKEW, "longest_lifetime_s": 3600,
        "keys": [{"kid": kid_of(key), "state": state, "jwk": {**jwk(key), "kid": kid_of(key), "alg": "ES256", "use": "sig"}}
                 for key, state in ((ACTIVE, "active"), (NEXT, "next"))] +
                [{"kid": further_kid(alg), "state": "active", "jwk": {**FURTHER[alg][0], "kid": further_kid(alg), "alg": alg, "use": "sig"}}
                 for alg in FURTHER],
        "view": {"pos": "1.42", "horizon_ms": (IAT - 600) * 1000, "notices": []},
        "cases": [{"name": name, "rule": rule, "token": text, "now_ms": now, "view": view, "answer": answer}
                  for name, rule, text, now, answer, view in cases()],
    }
