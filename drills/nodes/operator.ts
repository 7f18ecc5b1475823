// What an operator and an app do over HTTP, at any node.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Answered {
  readonly status: number;
  readonly verdict: string | null;
  readonly json: Readonly<Record<string, unknown>>;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answered> {
  const response = await fetch(url, init);
  const text = await response.text();
  const json = (text === "" ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
  return { status: response.status, verdict: response.headers.get("hallpass-verdict"), json };
}

export interface Operator {
  readonly demoApi: string;
  /** For what `call` does not do. */
  bearer(node: string): Promise<string>;
  /** Throws for an answer of 400 and more. */
  call(node: string, path: string, json?: object): Promise<Readonly<Record<string, unknown>>>;
  open(
    node: string,
    subject: string,
  ): Promise<{ readonly sid: string; readonly access: string; readonly refresh: string }>;
}

/** `data`: the directory of the node that was started first. */
export function operatorOf(data: string): Operator {
  const read = (file: string): string => readFileSync(join(data, file), "utf8").trim();
  const credentials = Buffer.from(read("operator-credentials")).toString("base64");
  let bearer: { readonly text: string; readonly until: number } | undefined;

  async function bearerAt(node: string): Promise<string> {
    if (bearer !== undefined && Date.now() < bearer.until) return bearer.text;
    const headers = { authorization: `Basic ${credentials}` };
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const { status, json } = await ask(`${node}/oauth2/token`, { method: "POST", headers, body });
    if (status !== 200) throw new Error(`the operator got no token: ${status}`);
    bearer = { text: String(json["access_token"]), until: Date.now() + 120_000 };
    return bearer.text;
  }

  async function call(node: string, path: string, json?: object): Promise<Readonly<Record<string, unknown>>> {
    const authorization = `Bearer ${await bearerAt(node)}`;
    const sent =
      json === undefined
        ? { headers: { authorization } }
        : {
            method: "POST",
            headers: { authorization, "content-type": "application/json" },
            body: JSON.stringify(json),
          };
    // As an app does: once more after no answer, or one that says that nobody knows.
    const first = await ask(`${node}${path}`, sent).catch(() => undefined);
    const answered = first === undefined || first.status >= 500 ? await ask(`${node}${path}`, sent) : first;
    if (answered.status >= 400) throw new Error(`${path}: ${answered.status} ${JSON.stringify(answered.json)}`);
    return answered.json;
  }

  return {
    demoApi: read("demo-api-credentials"),
    bearer: bearerAt,
    call,
    open: async (node, subject) => {
      const json = await call(node, "/v1/sessions", { subject, client_id: "demo" });
      const { id } = json["session"] as { readonly id: string };
      return { sid: id, access: String(json["access_token"]), refresh: String(json["refresh_token"]) };
    },
  };
}
