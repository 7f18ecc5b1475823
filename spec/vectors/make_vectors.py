#!/usr/bin/env python3
"""Writes the vectors beside it from the pages of spec/ alone. Shares no code with the project; needs nothing but Python 3.

`make_vectors.py` writes, `make_vectors.py --check` fails when a file differs from what it would write.
Beside it: access_tokens.py, audit.py, feed_and_receipts.py, packed.py, and p256.py, which signs (RFC 6979, so that the signatures are the same each time).
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys
import zlib

sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).parent


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf32(key, info):
    """RFC 5869 with an empty salt; 32 bytes are one block."""
    return mac(mac(b"\0" * 32, key), info, b"\x01")


def prefixed(prefix, data):
    return prefix + b64(data) + b64(struct.pack(">I", zlib.crc32(prefix.encode() + data)))


def counting(first, length):
    return bytes((first + i) % 256 for i in range(length))


SERVER_KEYS = {1: counting(1, 32), 2: counting(101, 32), 255: counting(201, 32)}
SERVER_KEYS_HEX = {str(kid): key.hex() for kid, key in SERVER_KEYS.items()}
ISSUER = "https://auth.example"
SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10"
SID_2 = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e11"
PARENT = "019a9c3e-0000-7000-8000-000000000001"


def cursor(kid, tenant, epoch, seq, mark):
    key = hkdf32(SERVER_KEYS[kid], b"hallpass/cursor/1/key")
    text = mark.encode()
    tag = mac(key, b"hallpass/cursor/1", tenant.encode(), b"\0", struct.pack(">QQ", epoch, seq), text)[:8]
    return f"{epoch}.{seq}.{mark}.{b64(tag)}"


def cursors():
    mark, other = b64(counting(7, 8)), b64(bytes(8))
    top = 2**53 - 1
    rows = [(1, "main", 1, 0, mark), (1, "main", 1, 42, mark), (1, "main", 1, 42, other), (1, "acme", 1, 42, mark),
            (2, "main", 1, 42, mark), (255, "main", top, top, mark)]
    good = cursor(1, "main", 1, 42, mark)
    head, tag = good.rsplit(".", 1)
    refused = [
        ("another tenant's", cursor(1, "acme", 1, 42, mark)),
        ("the tag of another position", f"1.43.{mark}.{tag}"),
        ("the tag of another mark", f"1.42.{other}.{tag}"),
        ("no tag", head),
        ("an empty tag", head + "."),
        ("a fifth part", good + ".1"),
        ("a leading zero", "0" + good),
        ("a tag cut by one character", good[:-1]),
        ("a tag whose first character is changed", f"{head}.{'A' if tag[0] != 'A' else 'B'}{tag[1:]}"),
        ("a tag with a character whose low byte is the right one", f"{head}.{chr(ord(tag[0]) + 256)}{tag[1:]}"),
        ("a space before it", " " + good),
        ("nothing", ""),
    ]
    return {
        "comment": "spec/positions.md POS-6 and POS-7. server_keys: kid to 32 bytes in hex. genuine: the cursor that the key `kid` makes; "
                   "a server that holds all the keys reads it as epoch, seq and mark for that tenant. refused: texts that a server "
                   "with all the keys ignores for the tenant main.",
        "server_keys": SERVER_KEYS_HEX,
        "genuine": [{"kid": kid, "tenant": tenant, "epoch": epoch, "seq": seq, "mark": m,
                     "cursor": cursor(kid, tenant, epoch, seq, m)} for kid, tenant, epoch, seq, m in rows],
        "refused": [{"why": why, "cursor": text} for why, text in refused],
    }


def uuid_bytes(text):
    return bytes.fromhex(text.replace("-", ""))


def refresh_bytes(kid, tenant, issuer, seed, sid, fam, generation):
    payload = b"\x01" + bytes([kid]) + uuid_bytes(sid) + fam + struct.pack(">I", generation)
    inner = mac(seed, b"hallpass/refresh/1/inner", payload)[:16]
    key = hkdf32(SERVER_KEYS[kid], b"hallpass/refresh/1/key" + tenant.encode())
    outer = mac(key, b"hallpass/refresh/1/outer", issuer.encode(), payload, inner)[:16]
    return payload, inner, outer


def refresh_tokens():
    seed, fam = counting(33, 16), bytes([0, 1, 2, 3])
    rows = [(1, "main", ISSUER, seed, SID, fam, 1), (1, "main", ISSUER, seed, SID, fam, 2),
            (2, "main", ISSUER, seed, SID, fam, 2), (255, "acme", "https://auth.example/acme", bytes(16), SID_2, b"\xff" * 4, 2**32 - 1)]
    valid = []
    for kid, tenant, issuer, one_seed, sid, one_fam, generation in rows:
        payload, inner, outer = refresh_bytes(kid, tenant, issuer, one_seed, sid, one_fam, generation)
        valid.append({"kid": kid, "tenant": tenant, "issuer": issuer, "seed": one_seed.hex(), "sid": sid, "fam": b64(one_fam),
                      "generation": generation, "payload": payload.hex(), "inner": inner.hex(), "outer": outer.hex(),
                      "token": prefixed("hpr_", payload + inner + outer)})
    payload, inner, outer = refresh_bytes(*rows[0])
    good = valid[0]["token"]

    def flipped(data):
        return bytes([data[0] ^ 1]) + data[1:]

    forged = [
        ("another outer MAC", False, True, payload + inner + flipped(outer)),
        ("another inner MAC under the old outer one", False, False, payload + flipped(inner) + outer),
        ("another generation under the old MACs", False, False, payload[:-1] + b"\x02" + inner + outer),
        ("made for another tenant", False, True, b"".join(refresh_bytes(1, "acme", ISSUER, seed, SID, fam, 1))),
        ("made for another issuer", False, True, b"".join(refresh_bytes(1, "main", ISSUER + "/x", seed, SID, fam, 1))),
        ("made with the server key but without the seed", True, False,
         b"".join(refresh_bytes(1, "main", ISSUER, bytes(16), SID, fam, 1))),
        ("made with the seed but with another server key", False, True,
         payload[:1] + b"\x02" + payload[2:] + inner + refresh_bytes(2, "main", ISSUER, seed, SID, fam, 1)[2]),
    ]
    outer_key_2 = hkdf32(SERVER_KEYS[2], b"hallpass/refresh/1/keymain")
    inner_kid_2 = mac(seed, b"hallpass/refresh/1/inner", payload[:1] + b"\x02" + payload[2:])[:16]
    shown = mac(outer_key_2, b"hallpass/refresh/1/outer", ISSUER.encode(), payload, inner_kid_2)[:16]
    forged[-1] = ("made with the seed, with an outer MAC over another key's id", False, True,
                  payload[:1] + b"\x02" + payload[2:] + inner_kid_2 + shown)
    malformed = [
        ("nothing", ""), ("the prefix alone", "hpr_"), ("cut by one", good[:-1]), ("one too many", good + "A"),
        ("another prefix with its own checksum", prefixed("hps_", payload + inner + outer)),
        ("upper-case prefix", "HPR_" + good[4:]), ("folded to lower case", good.lower()),
        ("padded", good + "="), ("a space before it", " " + good), ("a line end after it", good + "\n"),
        ("a wrong checksum", good[:-6] + ("A" if good[-6] != "A" else "B") + good[-5:]),
        ("one character changed", good[:20] + ("A" if good[20] != "A" else "B") + good[21:]),
        ("format 2", prefixed("hpr_", b"\x02" + payload[1:] + inner + outer)),
        ("format 0", prefixed("hpr_", b"\x00" + payload[1:] + inner + outer)),
        ("server key 0", prefixed("hpr_", b"\x01\x00" + payload[2:] + inner + outer)),
        ("generation 0", prefixed("hpr_", payload[:22] + b"\0\0\0\0" + inner + outer)),
        ("57 bytes", prefixed("hpr_", (payload + inner + outer)[:57])),
        ("59 bytes", prefixed("hpr_", payload + inner + outer + b"\0")),
    ]
    return {
        "comment": "spec/refresh-token.md. server_keys: kid to 32 bytes in hex. valid: every step of the making, bytes in hex. "
                   "forged: well formed, judged as the first of valid would be (tenant, issuer and seed of it): whether the outer "
                   "and the inner MAC fit; none is accepted. malformed: refused before any MAC is computed.",
        "server_keys": SERVER_KEYS_HEX,
        "valid": valid,
        "forged": [{"why": why, "outer_fits": out, "inner_fits": inn, "token": prefixed("hpr_", data)}
                   for why, out, inn, data in forged],
        "malformed": [{"why": why, "token": text} for why, text in malformed],
    }


def secret_hash(kid, label, owner, data):
    return mac(hkdf32(SERVER_KEYS[kid], b"hallpass/secret/1/key"), label.encode(), owner.encode(), b"\0", data)


def opaque():
    secret, other = counting(0, 32), b"\xff" * 32
    text = prefixed("hpc_", secret)
    session = uuid_bytes(SID) + counting(64, 32)
    return {
        "comment": "spec/session-token.md. Bytes in hex, hashes in base64url. client_secrets and session_tokens: text, and the hash that rests "
                   "under the key `kid` for the owner. malformed: no client secret.",
        "server_keys": SERVER_KEYS_HEX,
        "client_secrets": [{"bytes": data.hex(), "text": prefixed("hpc_", data), "kid": kid, "owner": owner,
                            "hash": b64(secret_hash(kid, "hallpass/client-secret/1", owner, data))}
                           for data, kid, owner in [(secret, 1, "web"), (secret, 1, "billing"), (secret, 2, "web"), (other, 255, "web")]],
        "session_tokens": [{"bytes": session.hex(), "text": prefixed("hps_", session), "kid": 1, "owner": SID,
                            "hash": b64(secret_hash(1, "hallpass/session-token/1", SID, session))}],
        "malformed": [{"why": why, "text": bad} for why, bad in [
            ("nothing", ""), ("cut by one", text[:-1]), ("one too many", text + "A"), ("folded to lower case", text.lower()),
            ("upper-case prefix", "HPC_" + text[4:]), ("another kind's prefix", "hps_" + text[4:]), ("padded", text + "="),
            ("another kind", prefixed("hps_", secret)), ("31 bytes", prefixed("hpc_", secret[:31])), ("33 bytes", prefixed("hpc_", secret + b"\0")),
            ("a look-alike character", text[:10] + "\u0410" + text[11:]), ("one character changed", text[:10] + ("A" if text[10] != "A" else "B") + text[11:])]],
    }


SALT = counting(240, 16)


def taken(kind, value):
    return b64(hashlib.sha256(SALT + kind.encode() + b"\0" + value.encode()).digest()[:16])


def notices():
    token = {"iss": ISSUER, "sub": "u-81", "aud": "https://api.example", "client_id": "web", "scope": "read", "iat": 1764000000,
             "exp": 1764000600, "jti": "4pJ0mB2nQm6cG0q3f1x0Aw", "sid": SID, "fam": "AAECAw", "pos": "1.42"}
    child = {**token, "sid": SID_2, "anc": [SID, PARENT]}
    service = {k: v for k, v in token.items() if k not in ("sid", "fam")} | {"sub": "web"}
    deep = {**token, "act": {"sub": "agent-7", "act": {"sub": "u-9"}}}

    def at(pos, **taking):
        return {"pos": pos, "at_ms": 1764000000123, "until_ms": 1764003610123, **taking}

    subject, client = taken("subject", "u-81"), taken("client", "web")
    rows = [
        ("its session", token, at("1.43", kind="session", sid=SID), True),
        ("its session, before the token was issued: a session that ended stays ended", token, at("1.41", kind="session", sid=SID), True),
        ("another session", token, at("1.43", kind="session", sid=SID_2), False),
        ("its parent", child, at("1.43", kind="session", sid=SID), True),
        ("its parent's parent", child, at("1.43", kind="session", sid=PARENT), True),
        ("its child", token, at("1.43", kind="session", sid=SID_2), False),
        ("a token without a session", service, at("1.43", kind="session", sid=SID), False),
        ("outdated one position later", token, at("1.43", kind="outdated", sid=SID), True),
        ("outdated at the token's own position", token, at("1.42", kind="outdated", sid=SID), False),
        ("outdated before", token, at("1.41", kind="outdated", sid=SID), False),
        ("its parent outdated", child, at("1.43", kind="outdated", sid=SID), True),
        ("its parent outdated before", child, at("1.42", kind="outdated", sid=SID), False),
        ("another session outdated", token, at("1.43", kind="outdated", sid=SID_2), False),
        ("outdated in a later epoch with a lower number", token, at("2.7", kind="outdated", sid=SID), True),
        ("its family", token, at("1.43", kind="family", sid=SID, fam="AAECAw"), True),
        ("its family, before the token was issued", token, at("1.2", kind="family", sid=SID, fam="AAECAw"), True),
        ("another family of its session", token, at("1.43", kind="family", sid=SID, fam="AAECBA"), False),
        ("a family of the same name in another session", token, at("1.43", kind="family", sid=SID_2, fam="AAECAw"), False),
        ("a family of its parent with the same name", child, at("1.43", kind="family", sid=SID, fam="AAECAw"), False),
        ("itself", token, at("1.43", kind="token", jti="4pJ0mB2nQm6cG0q3f1x0Aw"), True),
        ("itself, before it was issued", token, at("1.1", kind="token", jti="4pJ0mB2nQm6cG0q3f1x0Aw"), True),
        ("another token", token, at("1.43", kind="token", jti="4pJ0mB2nQm6cG0q3f1x0AA"), False),
        ("its subject", token, at("1.43", kind="subject", subject=subject), True),
        ("its subject at the token's own position", token, at("1.42", kind="subject", subject=subject), False),
        ("its subject before", token, at("1.41", kind="subject", subject=subject), False),
        ("another subject", token, at("1.43", kind="subject", subject=taken("subject", "u-82")), False),
        ("its client's hash as a subject", token, at("1.43", kind="subject", subject=client), False),
        ("a client of the subject's name", token, at("1.43", kind="subject", subject=taken("client", "u-81")), False),
        ("the actor", deep, at("1.43", kind="subject", subject=taken("subject", "agent-7")), True),
        ("the actor's actor", deep, at("1.43", kind="subject", subject=taken("subject", "u-9")), True),
        ("the actor's actor before", deep, at("1.42", kind="subject", subject=taken("subject", "u-9")), False),
        ("its client", token, at("1.43", kind="client", client=client), True),
        ("its client at the token's own position", token, at("1.42", kind="client", client=client), False),
        ("its client in a later epoch with a lower number", token, at("2.1", kind="client", client=client), True),
        ("another client", token, at("1.43", kind="client", client=taken("client", "billing")), False),
        ("the client of a service's own token", service, at("1.43", kind="client", client=client), True),
        ("its tenant one position later", token, at("1.43", kind="tenant"), True),
        ("its tenant at the token's own position", token, at("1.42", kind="tenant"), False),
        ("its tenant before", token, at("1.41", kind="tenant"), False),
        ("its tenant in a later epoch with a lower number", token, at("2.7", kind="tenant"), True),
        ("the tenant of a service's own token", service, at("1.43", kind="tenant"), True),
        ("its tenant, before a position after its own", token, at("1.50", kind="tenant", before="1.43"), True),
        ("its tenant, before its own position", token, at("1.50", kind="tenant", before="1.42"), False),
        ("its tenant, before an earlier position", token, at("1.50", kind="tenant", before="1.7"), False),
        ("its tenant, before a position of an older epoch", token, at("2.50", kind="tenant", before="1.42"), False),
        ("its tenant, issued before the second after it was", token, at("1.50", kind="tenant", issued_before=1764000001), True),
        ("its tenant, issued before the second in which it was", token, at("1.50", kind="tenant", issued_before=1764000000), False),
        ("its tenant, issued before the second before", token, at("1.50", kind="tenant", issued_before=1763999999), False),
        ("its tenant by a time, though its position lies before the notice", service, at("1.50", kind="tenant", issued_before=1764000000), False),
        ("a later epoch", token, at("2.43", kind="epoch"), True),
        ("its own epoch", token, at("1.43", kind="epoch"), False),
        ("an older epoch", {**token, "pos": "3.50"}, at("2.43", kind="epoch"), False),
    ]
    lives = [("session", None, 1764000000123 + 600_000 + 10_000), ("subject", None, 1764000000123 + 610_000),
             ("token", 1764000600000, 1764000600000 + 10_000)]
    return {
        "comment": "spec/notices.md. salt in base64url. hashes: NOT-2. matching: whether the notice takes the token with these claims away. "
                   "lives: until_ms of a notice that is committed at at_ms, with the longest lifetime and skew given; exp_ms is the named token's.",
        "salt": b64(SALT),
        "hashes": [{"kind": kind, "value": value, "hash": taken(kind, value)}
                   for kind, value in [("subject", "u-81"), ("client", "u-81"), ("client", "web"), ("subject", ""), ("subject", "Zoë 東京"), ("subject", "x" * 255)]],
        "matching": [{"why": why, "claims": claims, "notice": notice, "matches": matches} for why, claims, notice, matches in rows],
        "lives": [{"kind": kind, "at_ms": 1764000000123, "longest_s": 600, "skew_s": 5, "exp_ms": exp, "until_ms": until} for kind, exp, until in lives],
    }


def main():
    import access_tokens
    import audit
    import feed_and_receipts
    import packed
    files = {
        "cursor": cursors(), "refresh-token": refresh_tokens(), "opaque": opaque(), "notices": notices(),
        "access-token": access_tokens.vectors(), "audit": audit.audit(), "feed": feed_and_receipts.feed(), "receipt": feed_and_receipts.receipts(),
        "packed": packed.packed(),
    }
    stale = []
    for name, content in files.items():
        path = HERE / f"{name}.json"
        text = json.dumps(content, indent=1, ensure_ascii=True) + "\n"
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        sys.exit("stale: " + ", ".join(stale))


if __name__ == "__main__":
    main()
