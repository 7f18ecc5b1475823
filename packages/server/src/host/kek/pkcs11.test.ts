import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePkcs11Uri } from "./pkcs11.ts";

const GOOD = "pkcs11:token=hall%20pass;id=%01%AB?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin";

test("a PKCS #11 URI names a token, a key, a library and a file with the PIN [KEY-15]", () => {
  assert.deepEqual(parsePkcs11Uri(GOOD), {
    token: "hall pass",
    id: "01ab",
    module: "/usr/lib/softhsm/libsofthsm2.so",
    pinFile: "/run/pin",
  });
  assert.equal(parsePkcs11Uri(GOOD.replace("file:/", "file:///"))?.pinFile, "/run/pin");
});

test("a PKCS #11 URI with an attribute missing, twice, unknown, or with a PIN in it is none [KEY-15]", () => {
  const wrong = [
    "",
    "pkcs11:",
    GOOD.replace("token=hall%20pass;", ""),
    GOOD.replace(";id=%01%AB", ""),
    GOOD.replace("id=%01%AB", "id="),
    GOOD.replace("?module-path=/usr/lib/softhsm/libsofthsm2.so&", "?"),
    GOOD.replace("&pin-source=file:/run/pin", ""),
    GOOD.replace("pin-source=file:/run/pin", "pin-value=1234"),
    GOOD.replace("file:/run/pin", "file:run/pin"),
    GOOD.replace("file:/run/pin", "|/bin/sh"),
    GOOD.replace("/usr/lib", "usr/lib"),
    GOOD.replace("token=", "token=other;token="),
    GOOD.replace("%AB", "%A"),
    `${GOOD}&library-version=3`,
    `${GOOD}#more`,
    GOOD.replace("pkcs11:", "PKCS11:"),
  ];
  for (const text of wrong) assert.equal(parsePkcs11Uri(text), undefined, text);
});
