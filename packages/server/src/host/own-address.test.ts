import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAddress } from "./own-address.ts";

const ISSUER = "https://auth.example";
const at = (host: string, hasTls: boolean, issuer = ISSUER): string =>
  ownAddress({ issuer, listen: { host, port: 0 } }, 8026, hasTls);

test("a command on the same machine reaches its server over loopback where that is in the clear, and by the certificate's name elsewhere", () => {
  assert.equal(at("127.0.0.1", false), "http://127.0.0.1:8026");
  assert.equal(at("localhost", false), "http://localhost:8026");
  assert.equal(at("0.0.0.0", false), "http://127.0.0.1:8026");
  assert.equal(at("::", false), "http://[::1]:8026");
  assert.equal(at("10.0.3.10", false), ISSUER);
  assert.equal(at("0.0.0.0", true), ISSUER);
  assert.equal(at("127.0.0.1", true), ISSUER);
  assert.equal(at("127.0.0.1", true, "http://localhost:8026"), "https://127.0.0.1:8026");
});
