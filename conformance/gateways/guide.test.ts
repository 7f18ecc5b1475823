// The guide shows the files that the tests run, and no others.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const FILES = [
  "nginx.conf",
  "Caddyfile",
  "hallpass-check.lua",
  "haproxy.cfg",
  "haproxy-jwt.cfg",
  "jwks-to-pem.mjs",
  "apache.conf",
];

test("what takes the session's cookie out of those for the upstream takes it and no other, wherever it stands [NB-52]", () => {
  const text = (file: string): string => readFileSync(join(import.meta.dirname, file), "utf8");
  const nginx = /"~(\^.*__Host-session.*\$)" /.exec(text("nginx.conf"))?.[1] ?? "";
  const haproxy = /replace-header Cookie (\S+)/.exec(text("haproxy.cfg"))?.[1] ?? "";
  const caddy = /request_header Cookie "([^"]+)" "\$2"/.exec(text("Caddyfile"))?.[1] ?? "";
  const left: readonly ((cookies: string) => string)[] = [
    (cookies) => cookies.replace(new RegExp(nginx), "$<before>$<after>"),
    (cookies) => cookies.replace(new RegExp(haproxy), "$1$2"),
    (cookies) => cookies.replaceAll(new RegExp(caddy, "g"), "$2"),
  ];
  const own = "__Host-session=hps_x";
  const beside: readonly (readonly string[])[] = [
    [],
    ["a=1"],
    ["a__Host-session=x"],
    ["a=__Host-session=x", "b=2"],
    ["__Host-sessions=1", "__host-session=2", "a=1"],
  ];
  for (const take of left)
    for (const others of beside)
      for (let at = 0; at <= others.length; at += 1) {
        const cookies = others.toSpliced(at, 0, own).join("; ");
        const kept = take(cookies)
          .split(/[; ]+/)
          .filter((one) => one !== "");
        assert.deepEqual(kept, others, cookies);
      }
});

test("what a client calls its connection's own takes no identity away: Caddy refuses it, and Apache forgets it [NB-54]", () => {
  const text = (file: string): string => readFileSync(join(import.meta.dirname, file), "utf8");
  const [, named = "", told = ""] =
    /@own header_regexp Connection \(\?i\)(\S+)\n\s*respond @own 400\n[^]*copy_headers ([^\n]+)\n/.exec(
      text("Caddyfile"),
    ) ?? [];
  assert.ok(told.split(" ").length === 5);
  for (const name of [...told.split(" "), "Cookie"])
    assert.match(`close, ${name.toLowerCase()}`, new RegExp(named, "i"));
  for (const plain of ["close", "keep-alive", "Upgrade", "keep-alive, Upgrade"])
    assert.doesNotMatch(plain, new RegExp(named, "i"));
  assert.match(text("apache.conf"), /^RequestHeader unset Connection early$/m);
});

test("the guide to gateways shows every file that a gateway is run with, as it is", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/gateways.md"), "utf8");
  for (const file of FILES) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    assert.ok(guide.includes(`\n${text}\`\`\`\n`), `${file} is not what the guide shows`);
  }
});
