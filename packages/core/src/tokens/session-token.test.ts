// Session tokens against texts that another implementation made (HMAC and HKDF of Python's hashlib, by OP-2, ST-2 and ST-10).

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSessionToken } from "@hallpass/protocol";
import type { SessionToken } from "../sessions/session.ts";
import { FAMILY, macKeysOf, SID, TENANT } from "../testing/builders.ts";
import { fitOf, mintSessionToken, nameOfSessionToken, namesSessionToken, nextSessionToken } from "./session-token.ts";

const MAC = macKeysOf({ 1: "11".repeat(32) }, 1);
const SESSION = { id: SID, tenant: TENANT, seed: Uint8Array.from({ length: 16 }, (_, index) => index) };
const MADE = [
  {
    text: "hps_AZqcPm8afEGaUg18Kx-eEAkG_Jv2XK8sGjH2WtlmAyqbVTl9_vFq4khZS0RK_u0EFR9lSw",
    hash: "7n6iAqKoSJ0f0gG40MmYWT2nADxQpYNRDYfAn8sx3Ck",
    name: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10.PySOYVnbA9eH",
  },
  {
    text: "hps_AZqcPm8afEGaUg18Kx-eEC7a9Pfrv_HahDTXpK33Qy-zCgmoVgdd2Sif7qqXlssws63P7Q",
    hash: "iqiJVjLHJwuHCxAG__E7scnk2MBnqobF8WvLXNFKLlw",
    name: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10.LFULxUZuyxin",
  },
] as const;

const first = nextSessionToken(MAC, SESSION, FAMILY, null);
const second = nextSessionToken(MAC, SESSION, FAMILY, first);
const bytesOf = (text: string): Uint8Array => parseSessionToken(text) ?? assert.fail("no session token");

describe("a session token", () => {
  it("is, rests and is named byte for byte as the specification says [ST-2] [ST-10] [OP-2]", () => {
    for (const [index, token] of [first, second].entries()) {
      const made = MADE[index];
      assert.equal(mintSessionToken(MAC, SESSION, token).reveal(), made?.text);
      assert.equal(token.hash, made?.hash);
      assert.equal(nameOfSessionToken(MAC, SESSION, token), made?.name);
    }
    assert.deepEqual(second.previous, { kid: 1, hash: MADE[0].hash });
  });

  it("fits as the current one, as the one before it, or not at all [ST-3] [ST-8]", () => {
    const fit = (token: SessionToken, text: string) => fitOf(MAC, SID, token, bytesOf(text));
    assert.equal(fit(first, MADE[0].text), "current");
    assert.equal(fit(first, MADE[1].text), "unknown");
    assert.equal(fit(second, MADE[1].text), "current");
    assert.equal(fit(second, MADE[0].text), "superseded");
    assert.equal(fit(nextSessionToken(MAC, SESSION, FAMILY, second), MADE[0].text), "unknown");
    assert.equal(fit({ ...first, kid: 2 }, MADE[0].text), "unknown");
    assert.equal(fit({ ...first, hash: "AAAA" }, MADE[0].text), "unknown");
  });

  it("is not made under a server key that is gone: a defect", () => {
    const gone = { ...first, kid: 77 };
    assert.throws(() => mintSessionToken(MAC, SESSION, gone), /server key/);
    assert.throws(() => nextSessionToken(macKeysOf({}, 1), SESSION, FAMILY, null), /server key/);
  });

  it("is told by its name from any other token [ST-10]", () => {
    const { name } = MADE[0];
    assert.equal(namesSessionToken(name), true);
    for (const other of [`x${name}`, `${name}x`, name.toUpperCase(), name.slice(1), name.replace(".", "-"), "jti"])
      assert.equal(namesSessionToken(other), false, other);
  });
});
