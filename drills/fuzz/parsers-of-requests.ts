// The parsers of requests and their heads, of frames, of notices and of the configuration.

import { readFileSync } from "node:fs";
import {
  cookieValues,
  formatPosition,
  isJsonObject,
  isMediaType,
  type JsonObject,
  type Notice,
  noticeFromWire,
  noticeToWire,
  parseBasic,
  parseBearer,
  parseForm,
  parseServerFrame,
  parseStrictJson,
  parseVerifierFrame,
  type VerifierFrame,
} from "@hallpass/protocol";
import { loadConfig } from "../../packages/server/src/config.ts";
import { arrivedFrom } from "../../packages/server/src/host/arrivals.ts";
import { networksOf } from "../../packages/server/src/outbound/networks.ts";
import { mutatedJson } from "./mutate.ts";
import type { Target } from "./target.ts";

const feed = JSON.parse(readFileSync(new URL("../../spec/vectors/feed.json", import.meta.url), "utf8")) as {
  readonly transcripts: readonly {
    readonly steps: readonly (readonly [at: number, what: string, frame: JsonObject])[];
  }[];
};
const framesOf = (side: string): readonly string[] => [
  ...new Set(
    feed.transcripts.flatMap(({ steps }) =>
      steps.flatMap(([, what, frame]) => (what === side ? [JSON.stringify(frame)] : [])),
    ),
  ),
];
const FRAME_WORDS = [
  '"type":"ping"',
  '"type":"snapshot"',
  "1.42",
  "null",
  "[]",
  "{}",
  "1e400",
  "-1",
  '"__proto__":1',
  '"n":1',
];

/** As a verifier knows it: kinds of later versions are told apart, and are no notices yet. */
function noticeIn(text: string): Notice | undefined {
  const parsed = parseStrictJson(text, JSON_LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const notice = noticeFromWire(parsed.value);
  return notice === undefined || "unknownKind" in notice ? undefined : notice;
}

const utf8 = new TextEncoder();
const LIMITS = { maxLength: 16_384, maxParameters: 32, repeatable: ["resource"] };
const JSON_LIMITS = { maxLength: 65_536, maxDepth: 16, maxMembers: 512 };
const proxies = networksOf(["10.0.0.0/8"]);

/** The text is refused or means the same when the parser itself has judged what it read. */
const judged = (value: unknown, written: string): { readonly written: string; readonly reads: unknown } => ({
  written,
  reads: value,
});

function frameToWire(frame: VerifierFrame): string {
  return JSON.stringify(frame.type === "ping" ? { ...frame, applied: formatPosition(frame.applied) } : frame);
}

function arrival(header: "forwarded" | "x-forwarded-for"): Target["read"] {
  return (value) => {
    // A header holds bytes, and no line ends.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return undefined;
    // Each connection is remembered: every case has its own.
    const socket = { remoteAddress: "10.0.0.1" } as Parameters<typeof arrivedFrom>[0]["socket"];
    const { peer, insecure } = arrivedFrom({ socket, headers: { [header]: value } }, { trusted: proxies, header });
    if (peer === null) return undefined;
    const written = header === "forwarded" ? `for="${peer.includes(":") ? `[${peer}]` : peer}"` : peer;
    return judged(proxies.contain(peer) || peer, insecure ? `${written};proto=http` : written);
  };
}

export const OF_REQUESTS: readonly Target[] = [
  {
    name: "form",
    seeds: [
      "grant_type=refresh_token&client_id=web&refresh_token=hpr_x",
      "a=%41+b&resource=x&resource=y",
      "token=a%2Bb",
    ],
    words: ["&", "=", "%", "%00", "%ff", "%C3%A9", "%ED%A0%80", "+", "a=1", "grant_type=", "__proto__=1", ";"],
    read: (body) => {
      const parsed = parseForm(utf8.encode(body), LIMITS);
      if (!parsed.ok) return undefined;
      const given = parsed.form
        .names()
        .flatMap((name) => parsed.form.getAll(name).map((value): [string, string] => [name, value]));
      return judged(given, new URLSearchParams(given).toString());
    },
  },
  {
    name: "JSON body",
    seeds: ['{"subject":"u-1","client_id":"web","claims":{"a":[1,2,{"b":null}]}}', "[]", '"é😀"', '{"a":"\\u00e9\\n"}'],
    words: [
      '"a":1',
      "{}",
      "[]",
      "[[[[",
      "1e400",
      "9007199254740993",
      "\\ud800",
      "\\u0000",
      '"__proto__":1',
      "NaN",
      "01",
      ",",
      ":",
      "//",
    ],
    reshaped: mutatedJson,
    read: (text) => {
      const parsed = parseStrictJson(text, JSON_LIMITS);
      if (!parsed.ok) return undefined;
      // As it is written: that is where 0 and -0 are the same.
      const written = JSON.stringify(parsed.value);
      return judged(written, written);
    },
  },
  {
    name: "bearer",
    seeds: ["Bearer abc.def-ghi_~+/==", "bearer a"],
    words: ["Bearer ", "Basic ", ",", " ", "\t", "=", '"'],
    read: (header) => {
      const parsed = parseBearer(header);
      return parsed.kind === "bearer" ? judged(parsed.token, `Bearer ${parsed.token}`) : undefined;
    },
  },
  {
    name: "Basic",
    seeds: ["web:hpc_secret", "a%20b:c%2Bd", "x:"].map((pair) => `Basic ${Buffer.from(pair).toString("base64")}`),
    words: ["Basic ", "Og==", "=", "YTo=", "JTAw", "/zr/", " "],
    reshaped: (random, header) => {
      const pair = Buffer.from(header.slice(6), "base64");
      if (pair.length > 0)
        pair.writeUInt8(random.oneOf([0, 0x25, 0x2b, 0x3a, 0x7f, 0xc3, 0xff, 0x41]), random.below(pair.length));
      return `Basic ${pair.toString("base64")}`;
    },
    read: (header) => {
      const parsed = parseBasic(header);
      if (parsed.kind !== "basic") return undefined;
      const { clientId, clientSecret } = parsed;
      const pair = [clientId, clientSecret]
        .map((one) => new URLSearchParams([["", one]]).toString().slice(1))
        .join(":");
      return judged([clientId, clientSecret], `Basic ${Buffer.from(pair).toString("base64")}`);
    },
  },
  {
    name: "cookie",
    seeds: ["__Host-session=abc", "a=1; __Host-session=abc; b=2"],
    words: ["; ", ";", "__Host-session=", "__host-session=", "=", " ", '"'],
    read: (header) => {
      const values = cookieValues([header], "__Host-session");
      if (values.length !== 1) return undefined;
      return judged(values, `__Host-session=${values[0] ?? ""}`);
    },
  },
  {
    name: "Forwarded",
    seeds: ['for="198.51.100.7"', "for=198.51.100.7;proto=https, for=10.0.0.2", 'for="[2001:db8::1]:4711"'],
    words: ["for=", 'for="', '"', ";", ",", "proto=http", "unknown", "_hidden", "\\", "[::1]", "10.0.0.1", ":80"],
    read: arrival("forwarded"),
  },
  {
    name: "X-Forwarded-For",
    seeds: ["198.51.100.7", "198.51.100.7, 10.0.0.2", "2001:db8::1"],
    words: [",", ", ", "10.0.0.1", "::1", "::ffff:1.2.3.4", "%eth0", ":80", "[", "]", "0x7f.1", "a"],
    read: arrival("x-forwarded-for"),
  },
  {
    name: "media type",
    seeds: ["application/json", "application/json; charset=utf-8", 'application/json;charset="utf-8"'],
    words: [";", "charset=", "utf-16", " ", "\t", ",", "application/json"],
    read: (header) => (isMediaType(header, "application/json") ? judged("json", "application/json") : undefined),
  },
  {
    name: "frame of a verifier",
    seeds: framesOf("verifier").filter((frame) => parseVerifierFrame(frame) !== undefined),
    words: FRAME_WORDS,
    reshaped: mutatedJson,
    read: (text) => {
      const frame = parseVerifierFrame(text);
      return frame === undefined ? undefined : judged(frame, frameToWire(frame));
    },
  },
  {
    name: "frame of a server",
    seeds: framesOf("server").filter((frame) => parseServerFrame(frame) !== undefined),
    words: FRAME_WORDS,
    reshaped: mutatedJson,
    // Nothing of ours writes what a verifier has read: that it is read twice alike is all.
    read: (text) => {
      const frame = parseServerFrame(text);
      return frame === undefined ? undefined : judged(frame, text);
    },
  },
  {
    name: "answer to a pull",
    seeds: [framesOf("server").slice(0, 3).join("\n")],
    words: ["\n", "\n\n", "\r\n", ...FRAME_WORDS],
    reshaped: (random, body) => {
      const lines = body.split("\n");
      const at = random.below(lines.length);
      lines[at] = mutatedJson(random, lines[at] ?? "");
      return lines.join("\n");
    },
    read: (body) => {
      const frames = body.split("\n").map((line) => parseServerFrame(line));
      return frames.includes(undefined) ? undefined : judged(frames, body);
    },
  },
  {
    name: "notice",
    seeds: framesOf("server")
      .flatMap((frame) => (JSON.parse(frame) as { readonly notices?: readonly unknown[] }).notices ?? [])
      .map((notice) => JSON.stringify(notice))
      .filter((notice) => noticeIn(notice) !== undefined),
    words: ['"kind":"session"', '"pos":"1.1"', "null", "-1", "1e400"],
    reshaped: mutatedJson,
    read: (text) => {
      const notice = noticeIn(text);
      if (notice === undefined) return undefined;
      return judged(notice, JSON.stringify(noticeToWire(notice)));
    },
  },
  {
    name: "configuration",
    seeds: [
      "issuer=https://auth.example\nlisten=127.0.0.1:8026",
      "issuer=https://a.example\nlog_level=debug\ntrusted_proxies=10.0.0.0/8",
    ],
    words: [
      "\n",
      "=",
      "s",
      "15m",
      "-1",
      "1e9",
      "https://",
      "listen=",
      "issuer=",
      "[",
      "{}",
      "::1",
      "0.0.0.0:1",
      "off",
      "999999999999d",
    ],
    read: (text) => {
      const over = Object.fromEntries(
        text
          .split("\n")
          .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
      const env = Object.fromEntries(
        Object.entries(over).map(([name, value]) => [`HALLPASS_${name.toUpperCase()}`, value]),
      );
      const loaded = loadConfig({ env });
      return loaded.ok ? judged(loaded.config.issuer, text) : undefined;
    },
  },
];
