// `serve`: runs the server, and in development a demo API beside it. Stops in order when told to; told twice, at once (main.ts).

import { join } from "node:path";
import {
  type Config,
  DEMO_API_CREDENTIALS,
  DEMO_AUDIENCE,
  loadConfig,
  type Ports,
  type RunningServer,
  startServer,
  thisWorker,
  type Worker,
} from "@hallpass/server";
import { Complaint, usage } from "../complaint.ts";
import { sourcesOf } from "../config/sources.ts";
import { fileCredentials } from "../connection/settings.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { developmentBanner, type PasteLine, pasteLines, plainBanner } from "./banner.ts";
import type { DemoApi } from "./demo-api.ts";
import { serveByWorkers } from "./workers.ts";

interface ServeOptions {
  readonly development?: true;
  readonly config?: string;
  readonly listen?: string;
  readonly workers?: string;
  readonly set?: readonly string[];
  /** False with --no-demo-api. */
  readonly demoApi: string | false;
}

export async function serve(context: Context, options: ServeOptions): Promise<Outcome> {
  const { terminal, onStop } = context;
  const stopped = new Promise<void>((resolve) => onStop(resolve));
  const config = configOf(context, options);
  const told = Promise.withResolvers<void>();
  const worker = thisWorker(told.resolve);
  if (worker !== undefined) return serveAsWorker(config, worker, Promise.race([stopped, told.promise]));
  if (config.workers > 1) return serveByWorkers(context, config, stopped);
  const withDemo = config.development && options.demoApi !== false;
  // Its verifier knows the server by its issuer, which is written into the store before a port is taken.
  if (withDemo && config.listen.port === 0)
    throw usage(
      "the demo API can't find a server at a port that nobody knows before it starts (port 0)",
      "name the port: --listen 127.0.0.1:9026; or leave the demo API out: --no-demo-api",
    );
  const server = await opened(config);
  let demo: DemoApi | undefined;
  try {
    const lines = (demoUrl: string): readonly PasteLine[] => pasteLines({ config, demoUrl, env: terminal.env });
    demo = withDemo ? await demoApi(config, options.demoApi, lines) : undefined;
    const isFirst = server.operatorCredentials !== null;
    terminal.say(
      demo === undefined
        ? plainBanner(config, isFirst, server.url)
        : developmentBanner(config, isFirst, demo.url, lines(demo.url)),
    );
    await stopped;
    terminal.say("stopping: no new requests, those under way are answered\n");
  } finally {
    await demo?.close();
    await drained(server);
  }
  terminal.say("stopped\n");
  return EXIT.done;
}

function configOf({ terminal, connection }: Context, options: ServeOptions): Config {
  // In development people read the screen, not the log.
  const quiet = options.development === true && terminal.env["HALLPASS_LOG_LEVEL"] === undefined;
  const sources = sourcesOf(terminal.env, connection, options);
  const loaded = loadConfig({
    ...sources,
    over: {
      ...(options.development === true ? { development: "true" } : {}),
      ...(quiet ? { log_level: "warn" } : {}),
      ...(options.listen === undefined ? {} : { listen: options.listen }),
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      ...sources.over,
    },
  });
  if (!loaded.ok)
    throw usage(
      loaded.problems.join("; "),
      "judge it with: hallpass config check; or try: hallpass serve --development",
    );
  return loaded.config;
}

/** One of several processes behind one port: the one that started it speaks for all. */
async function serveAsWorker(config: Config, worker: Worker, stopped: Promise<void>): Promise<Outcome> {
  try {
    const server = await opened(config, worker.ports);
    worker.serving();
    await stopped;
    await drained(server);
    return EXIT.done;
  } finally {
    worker.done();
  }
}

async function drained(server: RunningServer): Promise<void> {
  try {
    await server.close();
  } catch (cause) {
    throw new Complaint(
      EXIT.unavailable,
      `the server did not drain: ${cause instanceof Error ? cause.message : "for a reason that is no error"}`,
      "is the store still there? what was answered is in it; what was not answered may be asked again",
    );
  }
}

async function opened(config: Config, ports: Partial<Ports> = {}): Promise<RunningServer> {
  try {
    return await startServer(config, ports);
  } catch (cause) {
    const { host, port } = config.listen;
    if (isTaken(cause))
      throw new Complaint(
        EXIT.unavailable,
        `${host}:${port} is taken by another program`,
        "stop it, or listen elsewhere: --listen 127.0.0.1:9026",
      );
    if (!(cause instanceof Error) || DEFECTS.has(cause.name)) throw cause;
    throw new Complaint(
      EXIT.unavailable,
      cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message,
      typeof config.store === "string"
        ? `is another server using ${config.data}? one data directory belongs to one server`
        : "is the database that the key store names there, and may this server use it?",
    );
  }
}

const DEFECTS: ReadonlySet<string> = new Set(["TypeError", "ReferenceError", "RangeError", "AssertionError"]);

async function demoApi(
  config: Config,
  listen: string | false,
  lines: (demoUrl: string) => readonly PasteLine[],
): Promise<DemoApi> {
  const credentials = fileCredentials(join(config.data, DEMO_API_CREDENTIALS));
  const settings = {
    issuer: config.issuer,
    audience: DEMO_AUDIENCE,
    credentials,
    lines: (url: string) => lines(url).map((one) => one.line),
  };
  try {
    const { startDemoApi } = await import("./demo-api.ts");
    return await startDemoApi(settings, listen === false ? "" : listen);
  } catch (cause) {
    if (isTaken(cause))
      throw new Complaint(
        EXIT.unavailable,
        `${listen} is taken by another program`,
        "put the demo API elsewhere: --demo-api localhost:9027; or leave it out: --no-demo-api",
      );
    throw cause;
  }
}

function isTaken(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
}
