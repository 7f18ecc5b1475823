"""Packed answers (feed.md, Packed), from the page alone: what they are as frames, and bytes that are none."""

import base64
import json
import struct
import uuid

from feed_and_receipts import KEYS, cursor, head, notice, tail, welcome
from make_vectors import PARENT, SALT, SID, SID_2, b64, taken

KINDS = {"session": 1, "outdated": 2, "family": 3, "token": 4, "subject": 5, "client": 6}
BEGINNING = b"HPF\x01"
MOST = 2**53 - 1 - 2**32


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(one):
    if "sid" in one:
        return uuid.UUID(one["sid"]).bytes
    return unb64(one.get("jti") or one.get("subject") or one.get("client"))


def stretch(notices, kind=None, count=None, bases=None, seqs=None, tail_bytes=b""):
    """The stretch of notices of one kind and epoch; what is given replaces what is right."""
    places = [tuple(map(int, one["pos"].split("."))) for one in notices]
    numbers = [[seq for _, seq in places], [one["at_ms"] for one in notices], [one["until_ms"] for one in notices]]
    low = [numbers[0][0], min(numbers[1]), min(numbers[2])]
    out = struct.pack(">BI4Q", kind or KINDS[notices[0]["kind"]] if kind != 0 else 0, len(notices) if count is None else count,
                      *(bases or [places[0][0], *low]))
    out += b"".join(key_of(one) for one in notices)
    if notices[0]["kind"] == "family":
        out += b"".join(unb64(one["fam"]) for one in notices)
    offsets = [[number - base for number in column] for column, base in zip(numbers, low)]
    if seqs is not None:
        offsets[0] = seqs
    return out + b"".join(struct.pack(">I", offset) for column in offsets for offset in column) + tail_bytes


def frame(what, rows=b""):
    text = (what if isinstance(what, str) else json.dumps(what, separators=(",", ":"))).encode()
    return struct.pack(">II", len(text), len(rows)) + text + rows


def part(notices, number=1, to=None):
    end = {"to": to, "cursor": cursor(to), "horizon_ms": 1764000000000} if to else {}
    return {"type": "snapshot", "part": number, "last": to is not None, **end, "notices": notices}


def packed():
    sessions = [notice("1.41", kind="session", sid=SID), notice("1.42", kind="session", sid=SID_2), notice("1.47", kind="session", sid=PARENT)]
    sessions[1]["at_ms"] -= 250
    sessions[2]["until_ms"] += 86_400_000
    later = [notice("2.60", kind="session", sid=SID)]
    families = [notice("1.43", kind="family", sid=SID, fam="AAECAw"), notice("1.44", kind="family", sid=SID, fam="_____w")]
    others = [notice("1.45", kind="tenant"), notice("1.46", kind="token", jti="order-81"), notice("1.49", kind="epoch")]
    singles = [notice("1.50", kind="outdated", sid=SID), notice("1.51", kind="token", jti="4pJ0mB2nQm6cG0q3f1x0Aw"),
               notice("1.52", kind="subject", subject=taken("subject", "u-81")), notice("1.53", kind="client", client=taken("client", "web"))]
    first, last = [welcome(False), KEYS], head(1, "2.60")
    galaxy = notice("1.44", kind="galaxy", galaxy="M31")

    def answer(*frames):
        return BEGINNING + b"".join([*(frame(one) for one in first), *frames, frame(last)])

    whole = answer(frame(part(others), stretch(sessions) + stretch(families)),
                   frame(part([], 2, "2.60"), b"".join([stretch(later), *(stretch([one]) for one in singles)])))
    cases = [
        ("every kind, in two parts", whole, [*first, part([*others, *sessions, *families]), part([*later, *singles], 2, "2.60"), last], []),
        ("nothing was taken away", answer(frame(part([], 1, "2.60"))), [*first, part([], 1, "2.60"), last], []),
        ("a kind that nobody knows stands in the text, beside rows", answer(frame(part([galaxy], 1, "2.60"), stretch(sessions))),
         [*first, part([galaxy, *sessions], 1, "2.60"), last], ["galaxy"]),
        ("a frame of a later version is left out, whatever its rows", answer(frame({"type": "weather"}, b"\xff"), frame(part([], 1, "2.60"))),
         [*first, part([], 1, "2.60"), last], []),
    ]
    one = sessions[:1]
    with_rows = [
        ("a kind without a number", stretch(one, kind=7)), ("no kind", stretch(one, kind=0)), ("no notice", stretch(one, count=0)),
        ("a count beyond what is there", stretch(one, count=2)), ("a count beyond everything", stretch(one, count=2**32 - 1)),
        ("epoch 0", stretch(one, bases=[0, 1, 1, 1])), ("seq 0", stretch(one, bases=[1, 0, 1, 1])),
        ("an epoch beyond its bound", stretch(one, bases=[MOST + 1, 1, 1, 1])), ("a seq beyond its bound", stretch(one, bases=[1, MOST + 1, 1, 1])),
        ("a time beyond its bound", stretch(one, bases=[1, 1, MOST + 1, 1])), ("an end beyond its bound", stretch(one, bases=[1, 1, 1, 2**64 - 1])),
        ("a first seq beyond its base", stretch(one, seqs=[1])), ("a seq that stays", stretch(sessions, seqs=[0, 1, 1])),
        ("a seq that falls", stretch(sessions, seqs=[0, 2, 1])), ("a byte after the last stretch", stretch(one, tail_bytes=b"\0")),
        ("a stretch without its last byte", stretch(one)[:-1]), ("a family without its bytes", stretch(one, kind=3)),
    ]
    malformed = [(why, answer(frame(part([], 1, "2.60"), rows))) for why, rows in with_rows] + [
        ("nothing", b""), ("another beginning", b"HPX" + whole[3:]), ("another version", b"HPF\x02" + whole[4:]), ("no beginning", whole[4:]),
        ("lines", (json.dumps(welcome(False)) + "\n").encode()), ("a byte after the last frame", whole + b"\0"),
        ("text that is no JSON", answer(frame("{"))), ("text that is no UTF-8", BEGINNING + struct.pack(">II", 1, 0) + b"\xff"),
        ("a text length beyond the end", BEGINNING + struct.pack(">II", 2**32 - 1, 0)), ("a length of rows beyond the end", BEGINNING + struct.pack(">II", 2, 2**32 - 1) + b"{}"),
        ("rows beside a head", BEGINNING + frame(last, stretch(one))), ("rows beside a welcome", BEGINNING + frame(welcome(False), stretch(one))),
        ("rows beside keys", BEGINNING + frame(KEYS, stretch(one))), ("rows beside notices", BEGINNING + frame(tail("1.42", "1.43", []), stretch(one))),
        ("a part without notices in its text", answer(frame({k: v for k, v in part([], 1, "2.60").items() if k != "notices"}, stretch(one)))),
    ]
    return {
        "comment": "spec/feed.md, Packed. cases: the bytes of an answer in base64url, and its frames as they would stand on lines, the notices of a part in any order; "
                   "unknown: kinds that no version knows. malformed: bytes that are refused as a whole. truncated: of the first case every shorter beginning is refused "
                   "that does not end with a frame.",
        "salt": b64(SALT),
        "cases": [{"name": name, "bytes": b64(data), "frames": frames, "unknown": unknown} for name, data, frames, unknown in cases],
        "malformed": [{"why": why, "bytes": b64(data)} for why, data in malformed],
    }
