// Which addresses a stranger may have us call, in every spelling.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { networksOf, parseNetwork } from "./networks.ts";
import { isPublicAddress } from "./public-address.ts";

describe("an address is public", () => {
  const inside = [
    ["127.0.0.1", "127.255.255.255", "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0"],
    ["100.127.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
    ["192.0.0.192", "198.18.0.1", "198.19.255.255", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1"],
    ["::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::127.0.0.1"],
    ["64:ff9b::7f00:1", "2001::1", "2001:db8::1", "2002:7f00:1::", "0:0:0:0:0:0:0:1", "fe80::1%eth0", "2000::1%1"],
    ["", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "1.2.3.4.5", "1.2.3", " 8.8.8.8", "8.8.8.8/8"],
  ].flat();
  for (const text of inside) {
    test(`"${text}" is not [E-18]`, () => assert.equal(isPublicAddress(text), false));
  }

  const outside = [
    ["1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
    ["128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"],
    ["223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8"],
  ].flat();
  for (const text of outside) {
    test(`"${text}" is [E-18]`, () => assert.equal(isPublicAddress(text), true));
  }
});

describe("a network", () => {
  test("holds its first and its last address, and not those beside them [M-08]", () => {
    const networks = networksOf(["10.1.0.0/16", "192.0.2.7/32", "fd00:1::/32"]);
    for (const inside of ["10.1.0.0", "10.1.255.255", "192.0.2.7", "fd00:1::", "fd00:1:ffff::1", "::ffff:10.1.0.1"])
      assert.equal(networks.contain(inside), true, inside);
    for (const outside of ["10.0.255.255", "10.2.0.0", "192.0.2.6", "192.0.2.8", "fd00:2::", "::10.1.0.1", "x", ""])
      assert.equal(networks.contain(outside), false, outside);
  });

  test("is an address, or an address and its bits", () => {
    for (const [text, parsed] of [
      ["10.0.0.0/8", "10.0.0.0/8"],
      ["10.0.0.1", "10.0.0.1/32"],
      ["::1", "::1/128"],
      ["0.0.0.0/0", "0.0.0.0/0"],
    ] as const)
      assert.equal(parseNetwork(text), parsed);
    for (const text of [
      "",
      "10.0.0.0/33",
      "10.0.0.0/",
      "10.0.0.0/08",
      "10.0.0.0/-1",
      "10/8",
      "a/8",
      "::/129",
      "10.0.0.0/8/8",
      "::ffff:10.0.0.0/104",
      "fe80::1%eth0",
    ])
      assert.equal(parseNetwork(text), undefined, text);
  });
});
