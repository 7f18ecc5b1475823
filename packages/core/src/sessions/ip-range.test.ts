import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipInRange, parseIpRange } from "./ip-range.ts";

const inside: readonly [range: string, address: string, is: boolean][] = [
  ["10.1.2.0/24", "10.1.1.255", false],
  ["10.1.2.0/24", "10.1.2.0", true],
  ["10.1.2.0/24", "10.1.2.255", true],
  ["10.1.2.0/24", "10.1.3.0", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3", "10.1.2.4", false],
  ["10.1.2.128/25", "10.1.2.127", false],
  ["10.1.2.128/25", "10.1.2.128", true],
  ["0.0.0.0/0", "255.255.255.255", true],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "10.1.2.3", false],
  ["::/0", "2001:db8::1", true],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/32", "2001:db9::", false],
  ["2001:DB8::/32", "2001:db8::1", true],
  ["10.1.2.0/24", "::ffff:10.1.2.7", true],
  ["::ffff:10.1.2.7", "10.1.2.7", true],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:0.7.0.8", true],
  ["10.1.2.0/24", "no address", false],
  ["10.1.2.3/32", "10.1.2.3", true],
  ["2001:db8::1/128", "2001:db8::1", true],
  ["2001:db8::1/128", "2001:db8::2", false],
  ["10.1.2.3", "::10.1.2.3", false],
  ["10.1.2.3", "::ff:10.1.2.3", false],
  ["10.1.2.3", "::ff00:10.1.2.3", false],
  ["10.1.2.3", "1::ffff:10.1.2.3", false],
  ["10.1.2.3", "64:ff9b::10.1.2.3", false],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true],
  ["1:2:3:4:5:6:7::/112", "1:2:3:4:5:6:7:8", true],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", true],
  ["ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true],
];
for (const [range, address, is] of inside) {
  test(`${address} is ${is ? "" : "not "}in ${range}`, () => {
    const parsed = parseIpRange(range);
    assert.ok(parsed !== undefined);
    assert.equal(ipInRange(address, parsed), is);
  });
}

const malformed = [
  "",
  "10",
  "10.1.2",
  "10.1.2.3.4",
  "10.1.2.256",
  "10.1.2.03",
  "0x0a.1.2.3",
  "10.1.2.3/33",
  "10.1.2.3/24",
  "10.1.2.0/024",
  "10.1.2.0/",
  "10.1.2.0/-1",
  "10.1.2.0/24/24",
  " 10.1.2.0/24",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  ":::",
  ":1",
  "1:2:3:4:5:6:7::8:9",
  "fe80::1%eth0",
  "2001:db8::1/32",
  "2001:db8::/129",
  "::12345",
  "10.1.2.3::",
  "::1.2.3.4:5",
  "1:2:3:4:5:6:7:8::",
  "::10.1.2",
  "1".repeat(60),
];
for (const text of malformed) {
  test(`${JSON.stringify(text)} is no range`, () => assert.equal(parseIpRange(text), undefined));
}

test("whatever the text, reading it answers", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."0123456789abf:./ ".split("")) }),
      (text) => void parseIpRange(text),
    ),
  );
});
