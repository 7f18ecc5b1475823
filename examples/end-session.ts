// How an app ends a session: as a client of its own with the scope sessions:write. Resolves when it is committed and every
// connected verifier enforces it, or two seconds have passed; rejects when it is not known to be committed.

export interface AppClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export type EndSession = (sid: string) => Promise<void>;

export function endSessionWith({ issuer, clientId, clientSecret }: AppClient): EndSession {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
  return async (sid) => {
    const granted = await answered(`${issuer}/oauth2/token`, {
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "sessions:write", resource: issuer }),
    });
    await answered(`${issuer}/v1/sessions/${sid}/end`, {
      headers: { authorization: `Bearer ${granted["access_token"] ?? ""}`, "content-type": "application/json" },
      body: JSON.stringify({ wait_ms: 2000 }),
    });
  };
}

async function answered(url: string, init: RequestInit): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(url, { method: "POST", redirect: "error", ...init });
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`);
  return (await response.json()) as Readonly<Record<string, string>>;
}
