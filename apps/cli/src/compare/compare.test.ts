import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { EXIT } from "../exit-codes.ts";
import { figuresOf, type Measured, quantile, shown, windowWords } from "./figures.ts";
import { asking, inTurn, startTraffic, warm } from "./load.ts";
import { plotOf, surviving } from "./plot.ts";
import { type CompareOptions, keepingMs, lengthOf, settingsOf } from "./settings.ts";
import { troubleOf } from "./trouble.ts";
import { wayOf } from "./ways.ts";

const OPTIONS: CompareOptions = {
  requests: "300",
  revocations: "2",
  sessions: "200",
  duration: "10s",
  cache: "10s",
  staleness: "60s",
  coreHour: "0.04",
  millionCalls: "0",
};

const NOTHING: Measured = {
  way: "nothing",
  ms: [1, 1, 1, 1],
  answered: 4,
  failed: 0,
  unsent: 0,
  issuerCpu: 0,
  apiCpu: 400,
  calls: 0,
  wallMs: 1000,
  windows: [],
  open: 0,
};

describe("what is asked of a comparison", () => {
  it("is taken at its bounds", () => {
    const settings = settingsOf({ ...OPTIONS, duration: "1s", cache: "100ms", staleness: "60s", revocations: "0.1" });
    assert.deepEqual(
      [settings.durationMs, settings.cacheMs, settings.stalenessMs, settings.revocations],
      [1000, 100, 60_000, 0.1],
    );
  });

  it("takes some two minutes as it is, and as much longer as each part of each way does", () => {
    const usual = lengthOf(settingsOf(OPTIONS), 4);
    assert.ok(usual >= 100_000 && usual <= 130_000, `${usual}`);
    assert.equal(
      lengthOf(settingsOf({ ...OPTIONS, duration: "20s", cache: "15s" }), 4) - usual,
      7 * 10_000 + 5000 + 20_000,
    );
  });

  it("measures kept answers over whole lives of them, however short a part is", () => {
    const lasts = (duration: string, cache: string): number => keepingMs(settingsOf({ ...OPTIONS, duration, cache }));
    assert.deepEqual([lasts("10s", "10s"), lasts("3s", "5s"), lasts("15s", "10s")], [10_000, 5000, 20_000]);
  });

  for (const [option, value] of [
    ["requests", "0"],
    ["requests", "20001"],
    ["requests", "1e3"],
    ["requests", "-1"],
    ["requests", ""],
    ["revocations", "0.09"],
    ["revocations", "51"],
    ["sessions", "9"],
    ["sessions", "10.5"],
    ["duration", "999ms"],
    ["duration", "61s"],
    ["duration", "2m"],
    ["duration", "ten"],
    ["cache", "99ms"],
    ["staleness", "999ms"],
    ["coreHour", "free"],
    ["millionCalls", "-0.1"],
  ] as const)
    it(`is refused with its name where it is none: ${option} ${JSON.stringify(value)}`, () => {
      const name = option.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
      assert.throws(() => settingsOf({ ...OPTIONS, [option]: value }), new RegExp(`^Complaint: --${name} `));
    });
});

describe("the figures of a way", () => {
  const one: Measured = {
    ...NOTHING,
    way: "cache",
    issuerCpu: 2000,
    apiCpu: 800,
    calls: 2,
    windows: [0, 0, 300],
    open: 1,
  };

  it("are what it costs above a request that nobody judges", () => {
    const figures = figuresOf(one, NOTHING, { requests: 100, prices: { coreHour: 3.6, millionCalls: 10 } });
    assert.equal(figures.cpu_per_request_us, 600);
    assert.equal(figures.issuer_calls_per_million, 500_000);
    // 600 seconds of a core at 3.6 an hour, and half a million calls at 10 a million.
    assert.equal(figures.cost_per_million, 5.6);
    // 262.8 millions of them in 730 hours.
    assert.equal(figures.cost_per_month, 1470);
    assert.equal(figures.issuer_load_percent, 0.2);
  });

  it("never say that judging costs less than nothing", () => {
    const dear = { requests: 1, prices: { coreHour: 1, millionCalls: 1 } };
    assert.equal(figuresOf({ ...NOTHING, way: "feed", apiCpu: 1 }, NOTHING, dear).cost_per_million, 0);
  });

  it("name the windows, and none where nothing was revoked", () => {
    const free = { requests: 1, prices: { coreHour: 0, millionCalls: 0 } };
    const figures = figuresOf(one, NOTHING, free);
    assert.deepEqual(
      [figures.window_p50_ms, figures.window_p99_ms, figures.window_max_ms, figures.revoked, figures.still_open],
      [0, 300, 300, 3, 1],
    );
    assert.equal(figuresOf(NOTHING, NOTHING, free).window_max_ms, null);
  });

  it("are shown with three figures, or all of those before the point", () => {
    assert.deepEqual([0, 0.00588, 0.85, 9.9, 99.97, 529, 1e6].map(shown), [
      "0",
      "0.00588",
      "0.850",
      "9.90",
      "100",
      "529",
      "1,000,000",
    ]);
  });

  it("tell a window of less than a millisecond from none", () => {
    assert.deepEqual([null, 0, 0.312, 250, 3120].map(windowWords), [
      "–",
      "not at all",
      "under 1 ms",
      "250 ms",
      "3.1 s",
    ]);
  });

  it("name what keeps them from being what was asked for, a busy machine too", () => {
    const free = { requests: 1, prices: { coreHour: 0, millionCalls: 0 } };
    assert.deepEqual(troubleOf(figuresOf(NOTHING, NOTHING, free)), []);
    const [busy = "", ...more] = troubleOf(figuresOf({ ...NOTHING, ms: [189] }, NOTHING, free));
    assert.match(busy, /^Requests that nobody judged took 189 ms \(P99\): this machine does other work/);
    assert.deepEqual(more, []);
    assert.deepEqual(troubleOf(figuresOf({ ...one, unsent: 7, ms: [189] }, NOTHING, free)), [
      "introspection, answers kept: 7 requests were not sent, because too many waited: ask for fewer a second",
      "introspection, answers kept: 1 revoked tokens were still accepted when nobody looked any longer",
    ]);
  });

  it("take the nearest rank", () => {
    assert.deepEqual([quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 0.99), quantile([5], 0)], [2, 3, 5]);
  });
});

describe("the picture", () => {
  it("falls by one token at each window, from all to none", () => {
    assert.deepEqual(surviving([20, 10]), [
      [0, 1],
      [10, 0.5],
      [20, 0],
    ]);
  });

  it("shows each way of which tokens were revoked, with what it costs, and no other", () => {
    const feed: Measured = { ...NOTHING, way: "feed", apiCpu: 800, windows: [0, 0] };
    const prices = { requests: 100, prices: { coreHour: 3.6, millionCalls: 0 } };
    const picture = plotOf([NOTHING, feed], [figuresOf(NOTHING, NOTHING, prices), figuresOf(feed, NOTHING, prices)]);
    // Its curve and its line in the key.
    assert.equal(picture.match(/<path /g)?.length, 2);
    assert.match(picture, /local verification with the feed \(2 revoked\)/);
    for (const text of ["1.00 ms", "+100 µs", "26.3", "not at all"]) assert.ok(picture.includes(`>${text}<`), text);
    assert.doesNotMatch(picture, /NaN|undefined/);
  });
});

describe("an API that asks the issuer", () => {
  it("asks each time, or once while it keeps the answer, and keeps no failure", async () => {
    let [asked, status] = [0, 200];
    const issuer = createServer((request, response) => {
      asked += 1;
      assert.equal(request.headers.authorization, `Basic ${Buffer.from("api:secret").toString("base64")}`);
      request.resume().on("end", () => response.writeHead(status).end('{"active":true}'));
    }).listen(0, "127.0.0.1");
    await once(issuer, "listening");
    const settings = {
      issuer: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`,
      audience: "urn:api",
      credentials: { clientId: "api", clientSecret: "secret" },
      cacheMs: 60_000,
      stalenessMs: 60_000,
    };
    const each = await wayOf("introspection", settings);
    assert.deepEqual(await Promise.all([each.judge("t"), each.judge("t")]), [true, true]);
    assert.deepEqual([asked, each.calls()], [2, 2]);

    const kept = await wayOf("cache", settings);
    assert.deepEqual(await Promise.all([kept.judge("t"), kept.judge("t")]), [true, true]);
    assert.equal(await kept.judge("t"), true);
    assert.equal(kept.calls(), 1);

    status = 503;
    await assert.rejects(kept.judge("u"), /answered 503/);
    status = 200;
    assert.equal(await kept.judge("u"), true);
    assert.equal(kept.calls(), 3);
    issuer.close();
    issuer.closeAllConnections();
  });
});

describe("the requests of a comparison", () => {
  it("bring the tokens of so many sessions in turn, and the next one's where one is revoked", () => {
    const holders = [{ token: "a" }, { token: "b" }, { token: "c" }];
    const next = inTurn(holders, 2);
    assert.deepEqual([next(), next(), next()], ["a", "b", "a"]);
    holders.shift();
    assert.deepEqual([next(), next(), next()], ["c", "b", "c"]);
  });

  it("begin with as many as were asked for, or with those for which there is time", async () => {
    const asked: string[] = [];
    const ask = (token: string): Promise<number> => Promise.resolve(asked.push(token));
    let turn = 0;
    const next = (): string => String((turn += 1));
    assert.equal(await warm(ask, next, 100, 60_000), 100);
    assert.deepEqual(
      asked,
      Array.from({ length: 100 }, (_, index) => String(index + 1)),
    );
    assert.equal(await warm(ask, next, 100, 0), 0);
  });

  it("are counted by what became of them", async () => {
    const statuses = [200, 401, 503];
    const enough = Promise.withResolvers<void>();
    let answered = 0;
    const api = createServer((_, response) => {
      response.writeHead(statuses[answered++ % 3] ?? 500, { "content-length": "0" }).end();
      if (answered === 30) enough.resolve();
    }).listen(0, "127.0.0.1");
    await once(api, "listening");
    const traffic = startTraffic(asking((api.address() as AddressInfo).port), 500, () => "t");
    await enough.promise;
    const load = await traffic.stop();
    assert.equal(load.ms.length, answered);
    assert.equal(load.accepted, Math.ceil(answered / 3));
    assert.equal(load.failed, Math.floor(answered / 3));
    assert.equal(load.unsent, 0);
    api.close();
    api.closeAllConnections();
  });
});

describe("a comparison that is stopped", () => {
  it("leaves no empty picture, which would stand in the way of the next try", async () => {
    const directory = mkdtempSync(join(tmpdir(), "hallpass-test-"));
    const plot = join(directory, "compare.svg");
    const main = join(import.meta.dirname, "../main.ts");
    const child = spawn(process.execPath, ["--conditions=hallpass-source", main, "compare", "--plot", plot], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await once(child.stderr, "data");
    assert.ok(existsSync(plot));
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, EXIT.unavailable);
    assert.equal(existsSync(plot), false);
    rmSync(directory, { recursive: true });
  });
});
