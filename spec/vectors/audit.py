"""The vectors of spec/audit.md, for make_vectors.py."""

import base64
import copy
import hashlib
import json

ISSUER = "https://auth.example"
SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def start(issuer, tenant):
    return b64(hashlib.sha256(b"hallpass/audit/1/start\0" + issuer.encode() + b"\0" + tenant.encode()).digest())


def after(before, entry):
    return b64(hashlib.sha256(b"hallpass/audit/1/entry\0" + unb64(before) + entry.encode()).digest())


def commitment(salt, name, value):
    return b64(hashlib.sha256(b"hallpass/audit/1/person\0" + unb64(salt) + name.encode() + b"\0" + value.encode()).digest())


def person(seed, name, value):
    return {"name": name, "value": value, "salt": b64(bytes((seed + i) % 256 for i in range(16)))}


def entry(n, kind, body, persons):
    committed = {one["name"]: commitment(one["salt"], one["name"], one["value"]) for one in persons}
    session = None if kind.startswith("key_") else SID
    return json.dumps({"n": n, "at_ms": 1764000000000 + n, "kind": kind, "session": session, "body": body, "persons": committed},
                      ensure_ascii=False, separators=(",", ":"))


def chain(issuer, tenant, rows):
    hash_ = start(issuer, tenant)
    records = []
    for n, (kind, body, persons) in enumerate(rows, 1):
        text = entry(n, kind, body, persons)
        hash_ = after(hash_, text)
        records.append({"entry": text, "hash": hash_, "persons": persons})
    return {"issuer": issuer, "tenant": tenant, "from": 1, "before": start(issuer, tenant), "records": records}


def audit():
    rows = [
        ("session_opened", {"client": "web", "family": "AAECAw", "policy": "consumer", "parent": None},
         [person(1, "actor", "ops@example"), person(40, "subject", "u-81")]),
        ("key_activated", {"kid": "k-1"}, []),
        ("session_changed", {"changed": ["scope"], "reduced": True}, [person(80, "actor", "Zoë \u65e5")]),
        ("session_ended", {"reason": "revoked", "at_ms": 1764000000004, "revocation": None}, []),
        ("key_retired", {"kid": "k-1"}, []),
    ]
    good = chain(ISSUER, "main", rows)
    last = good["records"][-1]["hash"]
    point = {"iss": ISSUER, "tenant": "main", "n": 5, "hash": last, "at_ms": 1764000001000}
    middle = {**point, "n": 3, "hash": good["records"][2]["hash"]}

    def spoiled(change):
        one = copy.deepcopy(good)
        change(one["records"], one)
        return one

    def edit(records, _):
        records[3]["entry"] = records[3]["entry"].replace("revoked", "signed_out")

    def edit_name(records, _):
        records[0]["persons"][1]["value"] = "u-82"

    def erase(records, _):
        for record in records:
            record["persons"] = []

    def again(rows_):
        return chain(ISSUER, "main", rows_)

    def tail(count):
        def cut(records, one):
            one["before"] = records[count - 1]["hash"]
            one["from"] = count + 1
            del records[:count]
        return cut

    def swap(records, _):
        records[1], records[2] = records[2], records[1]

    def insert(records, _):
        records.insert(2, copy.deepcopy(records[1]))

    exports = [
        ("whole", good, point, []),
        ("whole, with an earlier checkpoint", good, middle, []),
        ("people were erased", spoiled(erase), point, []),
        ("the first two have reached their age", spoiled(tail(2)), point, []),
        ("all before the checkpoint have reached their age", spoiled(tail(3)), middle, []),
        ("a record was changed", spoiled(edit), point, [[4, "changed"]]),
        ("a name was changed", spoiled(edit_name), point, [[1, "person_changed"]]),
        ("a record was removed", spoiled(lambda records, _: records.pop(1)), point,
         [[2, "out_of_order"], [3, "out_of_order"], [4, "out_of_order"], [5, "truncated"]]),
        ("two records were swapped", spoiled(swap), point,
         [[2, "out_of_order"], [3, "out_of_order"], [4, "changed"]]),
        ("a record was put in", spoiled(insert), point,
         [[3, "out_of_order"], [4, "out_of_order"], [5, "out_of_order"], [6, "out_of_order"], [5, "not_as_signed"]]),
        ("the end was cut off", spoiled(lambda records, _: records.pop()), point, [[5, "truncated"]]),
        ("a record was removed and the rest chained anew", again(rows[:1] + rows[2:]), point, [[5, "truncated"]]),
        ("a record was changed and the rest chained anew",
         again(rows[:3] + [("session_ended", {"reason": "idle", "at_ms": 1, "revocation": None}, [])] + rows[4:]), point,
         [[5, "not_as_signed"]]),
        ("another tenant's chain under this one's name", {**chain(ISSUER, "acme", rows), "tenant": "main"}, point,
         [[1, "wrong_start"], [5, "not_as_signed"]]),
        ("a checkpoint of another tenant", good, {**point, "tenant": "acme"}, [[5, "checkpoint_refused"]]),
        ("a checkpoint of another issuer", good, {**point, "iss": "https://evil.example"}, [[5, "checkpoint_refused"]]),
        ("a checkpoint from before the export", spoiled(tail(4)), middle, [[3, "not_covered"]]),
    ]
    def ref(sid):
        return b64(hashlib.sha256(b"hallpass/session-ref/1\0" + sid.encode()).digest())[:16]

    return {
        "session_refs": [{"sid": sid, "ref": ref(sid)} for sid in (SID, SID[:-1] + "1")],
        "comment": "session_refs: spec/tracing.md TRC-1. spec/audit.md. exports: what `hallpass audit export` holds, with what a checkpoint says, and every fault that is found: "
                   "those of the chain in order of the records, then that of the checkpoint; each with the number it is found at.",
        "exports": [{"why": why, "export": export, "checkpoint": checkpoint, "faults": faults}
                    for why, export, checkpoint, faults in exports],
    }
