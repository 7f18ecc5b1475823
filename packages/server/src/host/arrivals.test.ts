// Who is believed about where a request comes from, and how little of what it says.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { networksOf } from "../outbound/networks.ts";
import { type ArrivedFrom, arrivedFrom, type ProxyHeader } from "./arrivals.ts";

const PROXY = "10.0.3.1";
const OUTER = "10.0.3.2";
const trusted = networksOf(["10.0.3.0/24", "fd00:3::/64"]);

type Headers = Readonly<Record<string, string | string[]>>;

function from(
  remoteAddress: string | undefined,
  headers: Headers,
  header: ProxyHeader = "x-forwarded-for",
): ArrivedFrom {
  type Incoming = Parameters<typeof arrivedFrom>[0];
  return arrivedFrom({ socket: { remoteAddress }, headers } as unknown as Incoming, { trusted, header });
}

const listed = (value: string, remote = PROXY): string | null => from(remote, { "x-forwarded-for": value }).peer;
const forwarded = (value: string, remote = PROXY): string | null =>
  from(remote, { forwarded: value }, "forwarded").peer;

describe("whoever is not listed", () => {
  const liars: Headers = {
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-proto": "http",
    forwarded: "for=203.0.113.9;proto=http",
    "x-real-ip": "203.0.113.9",
    "true-client-ip": "203.0.113.9",
  };
  for (const remote of ["198.51.100.7", "10.0.2.255", "10.0.4.0", "2001:db8::7", "127.0.0.1"]) {
    test(`at ${remote} is where the socket says, whatever its headers say [O-39] [GEN-13] [M-12]`, () => {
      for (const header of ["x-forwarded-for", "forwarded"] as const)
        assert.deepEqual(from(remote, liars, header), { peer: remote, insecure: false });
    });
  }

  test("is written in one spelling; a socket without an address is nobody's [M-12]", () => {
    assert.equal(from("::ffff:198.51.100.7", liars).peer, "198.51.100.7");
    assert.equal(from("2001:DB8:0:0::7", liars).peer, "2001:db8::7");
    assert.equal(from(undefined, liars).peer, null);
  });
});

describe("a trusted proxy is believed about the last address that is no proxy", () => {
  const rows: readonly [what: string, value: string, peer: string | null][] = [
    ["one client", "198.51.100.7", "198.51.100.7"],
    ["a client behind two proxies", `198.51.100.7, ${OUTER}`, "198.51.100.7"],
    ["a client that wrote an address of its own before", "203.0.113.9, 198.51.100.7", "198.51.100.7"],
    ["a client that wrote a proxy's address before", `${OUTER}, 198.51.100.7`, "198.51.100.7"],
    ["a client that wrote many", `1.1.1.1,2.2.2.2,${OUTER},198.51.100.7,${OUTER}`, "198.51.100.7"],
    ["a port", "198.51.100.7:50312", "198.51.100.7"],
    ["IPv6", "2001:db8::7", "2001:db8::7"],
    ["IPv6 in another spelling", "2001:DB8:0::7", "2001:db8::7"],
    ["IPv6 with a port", "[2001:db8::7]:50312", "2001:db8::7"],
    ["IPv4 in IPv6", "::ffff:198.51.100.7", "198.51.100.7"],
    ["nobody but proxies", `${OUTER}, ${PROXY}`, OUTER],
    ["what can't be read", "unknown", null],
    ["a name", "localhost", null],
    ["what can't be read, behind what can", "198.51.100.7, unknown", null],
    ["what can't be read, before what can", "unknown, 198.51.100.7", "198.51.100.7"],
    ["nothing", "", null],
    ["an empty last place", "198.51.100.7,", null],
    ["a zone", "fe80::1%eth0", null],
    ["another spelling of IPv4", "0306.0063.0144.7", null],
    ["a number", "3325256711", null],
    ["a port that is none", "198.51.100.7:x", null],
    ["a port in the wrong place", "2001:db8::7]:1", null],
    ["a header that is too long", "1".repeat(4097), null],
    ["a thousand hops", Array.from({ length: 65 }, () => "198.51.100.7").join(), null],
    ["sixty-four hops", Array.from({ length: 64 }, () => "198.51.100.7").join(), "198.51.100.7"],
  ];
  for (const [what, value, peer] of rows) {
    test(`in X-Forwarded-For: ${what} [M-08] [M-12]`, () => assert.equal(listed(value), peer));
  }

  test("which is itself when it says nothing [M-12] [M-09]", () => {
    for (const header of ["x-forwarded-for", "forwarded"] as const)
      assert.deepEqual(from(PROXY, {}, header), { peer: PROXY, insecure: false });
    assert.equal(from("fd00:3::1", { "x-forwarded-for": "198.51.100.7" }).peer, "198.51.100.7");
  });

  test("in several lines as in one, from the first to the last [M-02] [M-12]", () => {
    assert.equal(from(PROXY, { forwarded: ["for=203.0.113.9", "for=198.51.100.7"] }, "forwarded").peer, "198.51.100.7");
  });
});

describe("Forwarded (RFC 7239)", () => {
  const rows: readonly [value: string, peer: string | null][] = [
    ["for=198.51.100.7", "198.51.100.7"],
    ["For=198.51.100.7;Proto=https;by=10.0.3.1", "198.51.100.7"],
    ['for="[2001:db8::7]:4711"', "2001:db8::7"],
    ['for="198.51.100.7:4711"', "198.51.100.7"],
    [`for=203.0.113.9, for=198.51.100.7;host=a, for=${OUTER}`, "198.51.100.7"],
    ["for=203.0.113.9 , for=_hidden", null],
    ["for=unknown", null],
    ["proto=https", null],
    ["for=203.0.113.9;for=198.51.100.7", null],
    ["for=", null],
    ['for="198.51.100.7', null],
    // A stranger opens a quote to swallow what the proxy appends.
    ['for="203.0.113.9, for=198.51.100.7', null],
    ['for=203.0.113.9;secret="x, for=198.51.100.7', null],
    ['for="203.0.113.9\\", for=198.51.100.7', null],
    ["for 198.51.100.7", null],
    ["for=198.51.100.7;", null],
    ["for=2001:db8::7", null],
    [`${"for=198.51.100.7,".repeat(64)}for=198.51.100.7`, null],
  ];
  for (const [value, peer] of rows) {
    test(`${value.slice(0, 60)} [M-08] [M-12]`, () => assert.equal(forwarded(value), peer));
  }

  test("is not read where the proxies write the other header, and the other way round [GEN-13] [M-12]", () => {
    const headers = { forwarded: "for=203.0.113.9", "x-forwarded-for": "198.51.100.7" };
    assert.equal(from(PROXY, headers, "x-forwarded-for").peer, "198.51.100.7");
    assert.equal(from(PROXY, headers, "forwarded").peer, "203.0.113.9");
    assert.equal(from(PROXY, { forwarded: "for=203.0.113.9" }, "x-forwarded-for").peer, PROXY);
  });
});

describe("whether it came in the clear", () => {
  const proto = (value: string, list = "198.51.100.7"): boolean =>
    from(PROXY, { "x-forwarded-for": list, "x-forwarded-proto": value }).insecure;

  test("is what the proxy next to us says, in its own place [GEN-1] [GEN-13]", () => {
    assert.deepEqual([proto("http"), proto("HTTP"), proto("https, http")], [true, true, true]);
    assert.deepEqual([proto("https"), proto("http, https"), proto("wss"), proto("")], [false, false, false, false]);
    // The proxy wrote the scheme alone.
    assert.equal(from(PROXY, { "x-forwarded-proto": "http" }).insecure, false);
  });

  test("is in Forwarded what stands with the address that is no proxy [GEN-1]", () => {
    const insecure = (value: string): boolean => from(PROXY, { forwarded: value }, "forwarded").insecure;
    assert.equal(insecure("for=198.51.100.7;proto=http"), true);
    assert.equal(insecure(`for=198.51.100.7;proto=http, for=${OUTER};proto=https`), true);
    assert.equal(insecure(`for=198.51.100.7;proto=https, for=${OUTER};proto=http`), false);
    assert.equal(insecure("for=203.0.113.9;proto=http, for=198.51.100.7;proto=https"), false);
  });
});
