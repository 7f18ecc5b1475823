"""Transcripts of the feed and fleets with their receipts. The expectations are reasoned by hand from feed.md and receipt.md."""

import access_tokens
from access_tokens import CLAIMS, EXP, HEADER, IAT, ISSUER, STRANGER, jwk, kid_of, token
from make_vectors import PARENT, SALT, SID, SID_2, b64, counting

T0 = IAT * 1000 + 1000
LONG = {**CLAIMS, "exp": IAT + 3600}
KEYS = {"type": "keys", "version": 7, "keys": [{"kid": kid_of(access_tokens.ACTIVE), "state": "active",
        "jwk": {**jwk(access_tokens.ACTIVE), "kid": kid_of(access_tokens.ACTIVE), "alg": "ES256", "use": "sig"}}]}
TOKENS = {
    "mine": token(HEADER, LONG),
    "other": token(HEADER, {**LONG, "jti": "BBBBBBBBBBBBBBBBBBBBBB", "sid": SID_2}),
    "short": token(HEADER, {**LONG, "exp": EXP}),
    "later": token(HEADER, {**LONG, "jti": "CCCCCCCCCCCCCCCCCCCCCC", "pos": "2.44"}),
    "forged": token(HEADER, LONG, STRANGER),
}


def nonce(i):
    return b64(counting(i * 16, 16))


def cursor(pos):
    return f"{pos}.{b64(counting(7, 8))}.{b64(counting(15, 8))}"


def hello(after):
    return {"type": "hello", "feed": 1, "instance": "api-1", "service": "api", "version": "1.0.0", "after": after,
            "max_staleness_ms": 60000, "on_stale": "unavailable"}


def welcome(resumed):
    return {"type": "welcome", "feed": 1, "issuer": ISSUER, "tenant": "main", "node": "node-1", "salt": b64(SALT), "skew_s": 5,
            "max_lifetime_s": 3600, "token_expires_ms": T0 + 3_600_000, "resumed": resumed}


def notice(pos, **taking):
    return {"pos": pos, "at_ms": T0, "until_ms": T0 + 3_610_000, **taking}


def snapshot(to, notices, part=1, last=True, horizon=T0 - 1000):
    end = {"to": to, "cursor": cursor(to), "horizon_ms": horizon} if last else {}
    return {"type": "snapshot", "part": part, "last": last, "notices": notices, **end}


def tail(after, to, notices, horizon=T0 - 1000):
    return {"type": "notices", "after": after, "to": to, "cursor": cursor(to), "notices": notices, "horizon_ms": horizon}


def head(i, pos, keys=7, at=0):
    return {"type": "head", "n": nonce(i), "pos": pos, "keys": keys, "time_ms": T0 + at}


def ping(i, applied, keys=7):
    return {"type": "ping", "n": nonce(i), "applied": applied, "keys": keys}


def start(to="1.42", notices=()):
    """Connected, one snapshot, one ping sent at 20 and answered at 40: fresh."""
    return [(0, "connect", 1), (0, "verifier", hello(None)), (10, "server", welcome(False)), (10, "server", KEYS),
            (10, "server", snapshot(to, list(notices))), (20, "verifier", ping(1, to)), (40, "server", head(1, to, at=30))]


def expect(fresh, **verdicts):
    return {"fresh": fresh, "verdicts": verdicts}


def feed():
    mine, other = notice("1.43", kind="session", sid=SID), notice("1.43", kind="session", sid=SID_2)
    grant = start()
    transcripts = [
        ("a lease is granted by an answered ping, and ends with it", [
            *grant[:2], (5, "expect", expect(False, mine="unavailable", forged="unavailable")),
            *grant[2:5], (11, "expect", expect(False, mine="unavailable", forged="rejected")),
            grant[5], (30, "expect", expect(False, mine="unavailable")),
            grant[6], (41, "expect", expect(True, mine="accepted", other="accepted", forged="rejected")),
            (100, "server", tail("1.42", "1.43", [other])), (100, "expect", expect(True, mine="accepted", other="rejected")),
            (101, "verifier", ping(2, "1.43")), (130, "server", head(2, "1.43", at=110)),
            (101 + 59_940, "expect", expect(True, mine="accepted", other="rejected")),
            (101 + 59_941, "expect", expect(False, mine="unavailable", other="rejected"))]),
        ("a repeated frame changes nothing, and a gap ends the lease at once", [
            *grant, (50, "server", tail("1.42", "1.43", [other])), (60, "server", tail("1.42", "1.43", [other])),
            (61, "expect", expect(True, mine="accepted", other="rejected")),
            (70, "server", tail("1.44", "1.45", [notice("1.45", kind="token", jti="BBBBBBBBBBBBBBBBBBBBBB")])),
            (70, "expect", expect(False, mine="unavailable", other="rejected", forged="rejected"))]),
        ("an answer to another connection's ping grants nothing", [
            (0, "connect", 1), (0, "verifier", hello(None)), (10, "server", welcome(False)), (10, "server", KEYS),
            (10, "server", snapshot("1.42", [])), (20, "verifier", ping(1, "1.42")), (30, "lost", 1),
            (1000, "connect", 2), (1000, "verifier", hello(cursor("1.42"))), (1010, "server", welcome(True)), (1010, "server", KEYS),
            (1020, "verifier", ping(2, "1.42")), (1030, "server", head(1, "1.42", at=1025)),
            (1031, "expect", expect(False, mine="unavailable")),
            (1040, "server", head(2, "1.42", at=1030)), (1041, "expect", expect(True, mine="accepted")),
            (1050, "server", head(2, "1.42", at=1045)),
            (1020 + 59_940, "expect", expect(True, mine="accepted")), (1020 + 59_941, "expect", expect(False, mine="unavailable"))]),
        ("a head beyond what was applied, or a key set beyond what arrived, grants nothing", [
            *grant[:5], (20, "verifier", ping(1, "1.42")), (30, "server", head(1, "1.43")), (31, "expect", expect(False, mine="unavailable")),
            (40, "verifier", ping(2, "1.42")), (50, "server", head(2, "1.42", keys=8)), (51, "expect", expect(False, mine="unavailable")),
            (60, "verifier", ping(3, "1.42")), (70, "server", head(3, "1.42")), (71, "expect", expect(True, mine="accepted"))]),
        ("a tenant's cut-off takes what was issued before it, and a later one what was issued since", [
            *grant, (50, "server", tail("1.42", "1.43", [notice("1.43", kind="tenant")])),
            (51, "expect", expect(True, mine="rejected", other="rejected", short="rejected")),
            (60, "server", tail("1.43", "1.44", [notice("1.44", kind="tenant", before="1.7")])),
            (61, "expect", expect(True, mine="rejected")),
            (70, "server", tail("1.44", "1.45", [notice("1.45", kind="tenant")], horizon=T0 + 3_610_000)),
            (71, "expect", expect(True, short="rejected"))]),
        ("a cut-off at a time takes what was issued before that second", [
            *grant, (50, "server", tail("1.42", "1.43", [notice("1.43", kind="tenant", issued_before=IAT)])),
            (51, "expect", expect(True, mine="accepted", other="accepted")),
            (60, "server", tail("1.43", "1.44", [notice("1.44", kind="tenant", issued_before=IAT + 1)])),
            (61, "expect", expect(True, mine="rejected", other="rejected"))]),
        ("a new epoch refuses what was issued in the older one", [
            *grant, (50, "server", tail("1.42", "2.44", [notice("2.44", kind="epoch")])),
            (51, "expect", {"verdicts": {"mine": "rejected", "other": "rejected"}}),
            (60, "verifier", ping(2, "2.44")), (70, "server", head(2, "2.44", at=65)),
            (71, "expect", expect(True, mine="rejected", later="accepted")),
            (80, "server", tail("1.44", "1.45", [notice("1.45", kind="session", sid=PARENT)])),
            (81, "expect", expect(False, later="unavailable", mine="rejected"))]),
        ("the horizon takes with it what may have been forgotten", [
            *grant, (50, "expect", expect(True, short="accepted")),
            (60, "server", tail("1.42", "1.42", [], horizon=(EXP + 5) * 1000 - 1)), (61, "expect", expect(True, short="accepted", mine="accepted")),
            (70, "server", tail("1.42", "1.42", [], horizon=(EXP + 5) * 1000)), (71, "expect", expect(True, short="rejected", mine="accepted")),
            (80, "server", tail("1.42", "1.42", [], horizon=0)), (81, "expect", expect(True, short="rejected", mine="accepted"))]),
        ("parts of a snapshot count when the last has arrived", [
            *grant[:4], (10, "server", snapshot("1.43", [mine], last=False)), (15, "expect", expect(False, mine="unavailable")),
            (16, "server", snapshot("1.43", [], part=2)), (17, "expect", expect(False, mine="rejected", other="unavailable")),
            (20, "verifier", ping(1, "1.43")), (40, "server", head(1, "1.43")), (41, "expect", expect(True, mine="rejected", other="accepted"))]),
        ("an unknown kind of notice can take anything", [
            *grant, (50, "server", tail("1.42", "1.43", [notice("1.43", kind="galaxy", galaxy="M31")])),
            (51, "expect", expect(False, mine="unavailable")), (60, "verifier", ping(2, "1.43")), (70, "server", head(2, "1.43")),
            (71, "expect", expect(False, mine="unavailable"))]),
    ]
    return {
        "comment": "spec/feed.md. One verifier of `issuer` for `audience`, M = 60,000 ms, skew 5 s, on_stale unavailable. Steps in order: [milliseconds after start_ms, "
                   "what, with what]. connect and lost: the number of a connection; verifier: a frame it sends (its n is given, so that answers fit); server: a frame that "
                   "arrives; expect: whether the view is fresh (where it says so) and the verdict on each token named. Both clocks advance alike. An answer of 'unavailable' "
                   "for a forged token before any key set is right: the signature can't be judged yet.",
        "issuer": ISSUER, "audience": access_tokens.AUDIENCE, "start_ms": T0, "tokens": TOKENS,
        "pulls_comment": "The same verifier, pulling. Steps in order: [milliseconds after start_ms, the token that is verified, the verdict, the requests that "
                         "this verification sends, each with what of it matters, the milliseconds until its answer, and the answer or null].",
        "pulls": pulls(),
        "transcripts": [{"name": name, "steps": [list(step) for step in steps]} for name, steps in transcripts],
    }


def pulled(i, after, applied, keys, frames, ms=40):
    """One request (what of it matters) and, `ms` later, the frames of its answer; None for no answer."""
    return {"request": {"after": after, "n": nonce(i), "applied": applied, "keys": keys}, "ms": ms, "answer": frames}


def pulls():
    mine = notice("1.43", kind="session", sid=SID)
    first = [welcome(False), KEYS, snapshot("1.42", []), head(1, "1.42", at=20)]

    def verify(at, token, verdict, *requests):
        return [at, token, verdict, list(requests)]

    def cold(frames, verdict, ms=40):
        return verify(0, "mine", verdict, pulled(1, None, "1.0", 0, frames, ms))

    c42, c43 = cursor("1.42"), cursor("1.43")
    cases = [
        ("a view is fetched when it is needed, and again when half of M is over", "PULL-3", [
            cold(first, "accepted"), verify(100, "other", "accepted"), verify(29_970, "mine", "accepted"),
            verify(29_971, "mine", "rejected", pulled(2, c42, "1.42", 7, [welcome(True), KEYS, tail("1.42", "1.43", [mine]), head(2, "1.43", at=29_980)])),
            verify(30_100, "other", "accepted"), verify(30_101, "mine", "rejected")]),
        ("nothing follows the cursor: the head alone renews the lease", "PULL-3", [
            cold(first, "accepted"), verify(29_971, "mine", "accepted", pulled(2, c42, "1.42", 7, [welcome(True), KEYS, head(2, "1.42", at=29_980)])),
            verify(59_942, "mine", "accepted", pulled(3, c42, "1.42", 7, None, 0)),
            verify(29_971 + 59_940, "mine", "accepted", pulled(4, c42, "1.42", 7, None, 0)),
            verify(29_971 + 59_941, "mine", "unavailable")]),
        ("the lease counts from when the request was sent, however long its answer took", "PULL-5", [
            cold(first, "accepted", 4_000), verify(59_940, "mine", "accepted", pulled(2, c42, "1.42", 7, None, 0)),
            verify(59_941, "mine", "unavailable")]),
        ("a head for another request grants nothing, and nothing of its answer is applied", "PULL-6", [
            cold([*first[:3], head(9, "1.42")], "unavailable"), verify(1_000, "mine", "accepted", pulled(2, None, "1.0", 0, [*first[:3], head(2, "1.42")]))]),
        ("an answer without its head is none", "PULL-6", [
            cold([welcome(False), KEYS, snapshot("1.43", [mine])], "unavailable"),
            verify(1_000, "mine", "rejected", pulled(2, None, "1.0", 0, [welcome(False), KEYS, snapshot("1.43", [mine]), head(2, "1.43")]))]),
        ("a snapshot without its last part is no view", "PULL-6", [
            cold([welcome(False), KEYS, snapshot("1.42", [], last=False), head(1, "1.42")], "unavailable")]),
        ("a frame out of its place makes the answer none", "PULL-6", [
            cold([KEYS, welcome(False), snapshot("1.42", []), head(1, "1.42")], "unavailable"),
            verify(1_000, "mine", "unavailable", pulled(2, None, "1.0", 0, [welcome(False), KEYS, tail("1.0", "1.42", []), head(2, "1.42")]))]),
        ("a gap ends the lease at once", "PULL-5", [
            cold(first, "accepted"),
            verify(30_000, "mine", "unavailable", pulled(2, c42, "1.42", 7, [welcome(True), KEYS, tail("1.43", "1.44", []), head(2, "1.44")]))]),
        ("a head beyond what was sent grants nothing, and the lease before it stays", "PULL-5", [
            cold(first, "accepted"),
            verify(30_000, "mine", "accepted", pulled(2, c42, "1.42", 7, [welcome(True), KEYS, tail("1.42", "1.43", []), head(2, "1.44")])),
            verify(59_940, "mine", "accepted", pulled(3, c43, "1.43", 7, None, 0)), verify(59_941, "mine", "unavailable")]),
        ("a server that went back ends the lease, and is shown the cursor that it lost", "PULL-5", [
            cold(first, "accepted"), verify(30_000, "mine", "unavailable", pulled(2, c42, "1.42", 7, [welcome(True), KEYS, head(2, "1.41")])),
            verify(31_000, "later", "accepted", pulled(3, c42, "1.0", 7, [welcome(False), KEYS, snapshot("2.43", [notice("2.43", kind="epoch")]), head(3, "2.43")]))]),
    ]
    return [{"name": name, "rule": rule, "steps": steps} for name, rule, steps in cases]


COMMITTED = 1764000000123


def member(instance, service="api", m=60_000, on_stale="unavailable", noted=COMMITTED - 1_000, region=None):
    return {"instance": instance, "service": service, "region": region, "max_staleness_ms": m, "on_stale": on_stale, "last_noted_ms": noted}


def heard(applied, last_ping, connected=True):
    return {"applied": applied, "last_ping_ms": last_ping, "connected": connected}


def counts(verifiers, enforced, waiting, no_bound):
    return {"verifiers": verifiers, "enforced": enforced, "waiting": waiting, "no_bound": no_bound}


def receipts():
    c = COMMITTED

    def case(name, rule, now, members, ears, fleet, silent, by, since=c - 3_600_000, head="linearizable", nodes="one"):
        return {"name": name, "rule": rule, "now_ms": now, "members": members, "heard": ears, "listening_since_ms": since, "head": head,
                "nodes": nodes, "expect": {"fleet": counts(*fleet), "silent": silent, "enforced_by_ms": by}}

    one = [member("a")]
    cases = [
        case("nobody listens: nothing is to be waited for", "RCP-5", c + 5, [], {}, (0, 0, 0, 0), {}, c + 5),
        case("acknowledged at the position", "RCP-2", c + 40, one, {"a": heard("1.42", c + 30)}, (1, 1, 0, 0), {}, c + 40),
        case("acknowledged beyond it", "RCP-2", c + 40, one, {"a": heard("1.43", c + 30)}, (1, 1, 0, 0), {}, c + 40),
        case("acknowledged in a later epoch with a lower number", "RCP-2", c + 40, one, {"a": heard("2.7", c + 30)}, (1, 1, 0, 0), {}, c + 40),
        case("acknowledged one before it: its ping is older than the commit", "RCP-3", c + 40, one, {"a": heard("1.41", c - 200)}, (1, 0, 1, 0),
             {"a": c - 200 + 60_000}, c - 200 + 60_000),
        case("its last ping came after the commit and had not applied it", "RCP-3", c + 40, one, {"a": heard("1.41", c + 30)}, (1, 0, 1, 0),
             {"a": c + 60_000}, c + 60_000),
        case("another node may have heard it later", "RCP-3", c + 40, one, {"a": heard("1.41", c - 200)}, (1, 0, 1, 0), {"a": c + 60_000}, c + 60_000, nodes="many"),
        case("never heard by this process, which listens for an hour", "RCP-2", c + 40, one, {}, (1, 1, 0, 0), {}, c + 40),
        case("never heard by this process, which listens since a second", "RCP-3", c + 40, one, {}, (1, 0, 1, 0), {"a": c - 1_000 + 60_000}, c - 1_000 + 60_000,
             since=c - 1_000),
        case("never heard by this process, and others may have heard it", "RCP-3", c + 40, one, {}, (1, 0, 1, 0), {"a": c + 60_000}, c + 60_000, nodes="many"),
        case("this process began after the commit", "RCP-3", c + 5_000, one, {}, (1, 0, 1, 0), {"a": c + 60_000}, c + 60_000, since=c + 3_000),
        case("one millisecond before its bound", "RCP-2", c + 59_999, one, {}, (1, 0, 1, 0), {"a": c + 60_000}, c + 60_000, nodes="many"),
        case("at its bound", "RCP-2", c + 60_000, one, {}, (1, 1, 0, 0), {}, c + 60_000, nodes="many"),
        case("one millisecond after its bound", "RCP-2", c + 60_001, one, {}, (1, 1, 0, 0), {}, c + 60_001, nodes="many"),
        case("it introspects when stale: the bound holds", "RCP-3", c + 40, [member("a", on_stale="introspect")], {}, (1, 0, 1, 0), {"a": c + 60_000}, c + 60_000, nodes="many"),
        case("it accepts when stale: no bound", "RCP-4", c + 40, [member("a", on_stale="accept")], {"a": heard("1.41", c - 200)}, (1, 0, 0, 1), {"a": None}, None),
        case("it accepts when stale, long after", "RCP-4", c + 86_400_000, [member("a", on_stale="accept")], {}, (1, 0, 0, 1), {"a": None}, None),
        case("it accepts when stale, and has acknowledged", "RCP-4", c + 40, [member("a", on_stale="accept")], {"a": heard("1.42", c + 30)}, (1, 1, 0, 0), {}, c + 40),
        case("the store can't read its head linearizably: no bound", "RCP-10", c + 86_400_000, one, {"a": heard("1.41", c - 200)}, (1, 0, 0, 1), {"a": None}, None, head="stale"),
        case("the store can't read its head linearizably, and it has acknowledged", "RCP-10", c + 40, one, {"a": heard("1.42", c + 30)}, (1, 1, 0, 0), {}, c + 40, head="stale"),
        case("the latest bound counts", "RCP-5", c + 40, [member("a"), member("b", m=2_000), member("c", "billing", m=300_000)], {"a": heard("1.42", c + 30)}, (3, 1, 2, 0),
             {"b": c + 2_000, "c": c + 300_000}, c + 300_000, nodes="many"),
        case("one without bound leaves the whole without", "RCP-5", c + 40, [member("a"), member("b", on_stale="accept")], {}, (2, 0, 1, 1),
             {"a": c + 60_000, "b": None}, None, nodes="many"),
    ]
    return {
        "comment": "spec/receipt.md. A revocation at position 1.42, committed at committed_at_ms. members: the fleet's rows; heard: what this node knows of them; "
                   "listening_since_ms: when it began to; head and nodes: what the store declares. expect: the counts, refuses_by_ms of each verifier that does not "
                   "enforce yet (null: no bound), and enforced_by_ms.",
        "pos": "1.42", "committed_at_ms": c, "cases": cases,
    }
