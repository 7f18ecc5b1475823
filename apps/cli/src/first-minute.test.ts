// The first minute, as a newcomer has it: start on an empty directory, paste the printed lines into sh, start again.

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { promisify } from "node:util";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "../../..");
const main = join(import.meta.dirname, "main.ts");
// As `npm start` has it: this Node first in the path, and npm's own variable.
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
  npm_lifecycle_event: "start",
};

/** Nobody listens at port 1. */
const NOWHERE = "--set=store=postgres://hallpass@127.0.0.1:1/none";

interface Started {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly banner: string;
}

async function start(data: string, port: number): Promise<Started> {
  const words = [
    "serve",
    "--development",
    "--data",
    data,
    "--listen",
    `127.0.0.1:${port}`,
    "--demo-api",
    "localhost:0",
  ];
  const child = spawn(process.execPath, ["--conditions=hallpass-source", main, ...words], {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "pipe"],
  });
  let banner = "";
  for await (const chunk of child.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    banner += String(chunk);
    if (banner.includes("Ctrl-C")) break;
  }
  child.stderr.resume();
  const lines = banner.split("\n").filter((line) => /^(?:eval|curl|npm) /.test(line));
  assert.equal(lines.length, 4, banner);
  return { child, lines, banner };
}

async function paste(...lines: readonly string[]): Promise<string> {
  const sh = spawn("sh", ["-eu"], { cwd: root, env, stdio: ["pipe", "pipe", "inherit"] });
  sh.stdin.end(lines.map((line) => `${line}\necho '-- done'\n`).join(""));
  return text(sh.stdout);
}

async function stop({ child }: Started, signal: NodeJS.Signals): Promise<number | null> {
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
  return child.exitCode;
}

test("a newcomer issues, verifies, refreshes and revokes with the printed lines, and goes on after a restart", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-first-"));
  const port = await freePort();
  const first = await start(data, port);
  let second: Started | undefined;
  try {
    const [open = "", verify = "", refresh = "", revoke = ""] = first.lines;
    assert.match(first.banner, /kept in/);
    const [opened, verified, refreshed, revoked, again] = (await paste(open, verify, refresh, revoke, verify)).split(
      "-- done\n",
    );
    assert.equal(opened, "", "issuing fills variables and prints no token");
    assert.match(verified ?? "", /^\{"verdict":"accepted","hello":"ada"/);
    assert.match(refreshed ?? "", /^\{"access_token":"eyJ.*"refresh_token":"hpr_.*\n$/);
    assert.match(revoked ?? "", /^revoked +session /m);
    assert.match(revoked ?? "", /^enforced +everywhere, already$/m);
    assert.match(revoked ?? "", /^demo-api +1 +1 +0 +already +0$/m);
    assert.match(again ?? "", /^\{"verdict":"rejected","status":401,"why":"revoked"/);
    assert.equal(statSync(join(data, "operator-credentials")).mode & 0o777, 0o600);

    const before = await paste(open, 'echo "$ACCESS"', 'echo "$SID"');
    assert.equal(await stop(first, "SIGTERM"), 0, "it drained");
    second = await start(data, port);
    assert.match(second.banner, /Goes on with what was kept in/);
    const [, access = "", sid = ""] = before.split("-- done\n").map((part) => part.trim());
    const [still, shown] = (
      await paste(`ACCESS=${access}; ${second.lines[1]}`, `npm run -s hallpass -- --data ${data} sessions show ${sid}`)
    ).split("-- done\n");
    assert.match(still ?? "", /^\{"verdict":"accepted"/);
    assert.match(shown ?? "", /^state +active$/m);
    assert.equal(await stop(second, "SIGINT"), 0, "Ctrl-C drains, too");
  } finally {
    first.child.kill("SIGKILL");
    second?.child.kill("SIGKILL");
    rmSync(data, { recursive: true });
  }
});

test("a second server on the same port or the same data, or one whose database is not there, says so in two lines", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-first-"));
  const port = await freePort();
  const first = await start(data, port);
  try {
    const runFile = promisify(execFile);
    for (const [directory, address, what, ...store] of [
      [join(data, "other"), `127.0.0.1:${port}`, /^error: 127\.0\.0\.1:\d+ is taken by another program\nhint: /],
      [data, "127.0.0.1:0", /^error: .*\nhint: is another server using /],
      [
        join(data, "third"),
        "127.0.0.1:0",
        /^error: store_unavailable: .*ECONNREFUSED.*\nhint: is the database /,
        NOWHERE,
      ],
    ] as const) {
      const words = ["serve", "--development", "--no-demo-api", "--data", directory, "--listen", address, ...store];
      const failed = await runFile(process.execPath, ["--conditions=hallpass-source", main, ...words]).catch(
        (error: unknown) => error,
      );
      assert.ok(failed instanceof Error && "code" in failed && "stderr" in failed);
      assert.equal(failed.code, 4);
      assert.match(String(failed.stderr), what);
    }
  } finally {
    await stop(first, "SIGTERM");
    rmSync(data, { recursive: true });
  }
});

test("development with its demo API refuses a port that nobody knows before it starts, and makes nothing", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-first-"));
  try {
    const words = ["serve", "--development", "--data", join(data, "none"), "--listen", "127.0.0.1:0"];
    const said: string[] = [];
    const code = await run(words, {
      env: {},
      out: () => assert.fail("nothing is printed"),
      say: (line) => void said.push(line),
      readInput: async () => "",
      now: () => 0,
    });
    assert.equal(code, 2);
    assert.match(said.join(""), /^error: .* \(port 0\)\nhint: .*--listen 127\.0\.0\.1:9026; .*--no-demo-api\n$/);
    assert.deepEqual(readdirSync(data), []);
  } finally {
    rmSync(data, { recursive: true });
  }
});

test("a server whose screen nobody reads any more drains all the same", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-first-"));
  const started = await start(data, await freePort());
  try {
    started.child.stderr?.destroy();
    assert.equal(await stop(started, "SIGTERM"), 0);
  } finally {
    started.child.kill("SIGKILL");
    rmSync(data, { recursive: true });
  }
});

test("a second signal ends a server at once, whatever it still waits for", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-first-"));
  const port = await freePort();
  const started = await start(data, port);
  // A request whose body never comes: the server would wait for it.
  const slow = connect(port, "127.0.0.1");
  try {
    slow.write("POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    await once(slow, "data");
    const { child } = started;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    for await (const chunk of child.stderr ?? []) if (String(chunk).includes("stopping")) break;
    assert.equal(child.exitCode, null, "it waits");
    child.kill("SIGTERM");
    await gone;
    assert.equal(child.exitCode, 143);
  } finally {
    slow.destroy();
    started.child.kill("SIGKILL");
    rmSync(data, { recursive: true });
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
