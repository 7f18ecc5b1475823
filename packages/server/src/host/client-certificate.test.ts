// Names of certificates, as Node prints them and as they are registered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateName, namesIn, parseNames } from "./client-certificate.ts";

const DNS = { kind: "san_dns", value: "ledger.example" } as const;

test("names of four kinds are read, in one spelling; others are left out [CAUTH-13]", () => {
  assert.deepEqual(
    parseNames(
      "DNS:Ledger.EXAMPLE, URI:spiffe://example.org/ledger, IP Address:2001:DB8:0:0:0:0:0:1, IP Address:192.0.2.1, email:ops@example.org, Registered ID:1.2.3",
    ),
    [
      DNS,
      { kind: "san_uri", value: "spiffe://example.org/ledger" },
      { kind: "san_ip", value: "2001:db8::1" },
      { kind: "san_ip", value: "192.0.2.1" },
      { kind: "san_email", value: "ops@example.org" },
    ],
  );
  assert.deepEqual(parseNames(""), []);
});

test("a name that is written so that another could be read in it is one name, or none [CAUTH-13]", () => {
  assert.deepEqual(parseNames('URI:"urn:x, DNS:ledger.example"'), []);
  assert.deepEqual(parseNames('DNS:"evil.example, DNS:ledger.example"'), []);
  assert.deepEqual(parseNames('DNS:"a\\u0000.example", DNS:ledger.example'), [DNS]);
  for (const broken of ['DNS:ledger.example, URI:"urn:x', "DNS:ledger.example, x", ", DNS:ledger.example", 'DNS:a"b'])
    assert.deepEqual(parseNames(broken), [], broken);
});

test("a certificate counts from its beginning until its end, exclusively [CAUTH-10] [M-10]", () => {
  const [from, to] = [1_800_000_000_000, 1_800_000_060_000];
  const certificate = {
    subjectAltName: "DNS:ledger.example",
    validFromDate: new Date(from),
    validToDate: new Date(to),
  };
  for (const [now, expected] of [
    [from - 1, undefined],
    [from, [DNS]],
    [to - 1, [DNS]],
    [to, undefined],
  ] as const)
    assert.deepEqual(namesIn(certificate, now), expected);
  assert.deepEqual(namesIn({ ...certificate, subjectAltName: undefined }, from), []);
});

for (const [kind, text] of [
  ["san_dns", "*.example"],
  ["san_dns", "ledger.example."],
  ["san_dns", "a..b"],
  ["san_dns", "-a.example"],
  ["san_dns", ""],
  ["san_dns", "lеdger.example"],
  ["san_dns", `${"a.".repeat(127)}aa`],
  ["san_uri", "ledger"],
  ["san_uri", "spiffe://a b"],
  ["san_ip", "192.0.2.256"],
  ["san_ip", "192.0.2.0/24"],
  ["san_ip", "fe80::1%eth0"],
  ["san_email", "ops"],
  ["san_email", "ops@exa mple"],
] as const)
  test(`"${text.slice(0, 30)}" is no ${kind} [CAUTH-13]`, () => {
    assert.equal(certificateName(kind, text), undefined);
  });
