"""Reads one token a line with jwcrypto, under the key that the first line is, and says what it read, one JSON object a line.

Numbers are written as Python read them: integers exactly. A token that is refused is {"ok": false}.
"""

import json
import sys

from jwcrypto import jwk, jws


def read(line: str, key: jwk.JWK) -> dict:
    token = jws.JWS()
    try:
        token.deserialize(line, key, alg="ES256")
        return {"ok": True, "header": json.loads(token.objects["protected"]), "payload": json.loads(token.payload)}
    except Exception:  # Whatever it is, it is a refusal: nothing was read.
        return {"ok": False}


def main() -> None:
    lines = sys.stdin.buffer.read().decode("ascii").split("\n")
    key = jwk.JWK.from_json(lines[0])
    for line in lines[1:]:
        print(json.dumps(read(line, key), allow_nan=True))


main()
