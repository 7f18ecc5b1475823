// A session and its timeline as the server's API shows them.

export interface WireFamily {
  readonly id: string;
  readonly client_id: string;
  readonly scope: string;
  readonly audience: readonly string[];
  readonly generation: number;
  readonly rotated_ms: number;
  readonly ended: string | null;
}

export interface WireSession {
  readonly id: string;
  readonly subject: string;
  readonly state: "active" | "ended";
  readonly end: { readonly reason: string; readonly at_ms: number } | null;
  readonly opened_ms: number;
  readonly last_active_ms: number;
  readonly expires_ms: number;
  readonly absolute_end_ms: number;
  readonly policy: { readonly name: string; readonly version: number };
  readonly parent: string | null;
  readonly device: {
    readonly name: string | null;
    readonly user_agent: string | null;
    readonly ip: string | null;
  } | null;
  readonly families: readonly WireFamily[];
}

export interface WireFact {
  readonly kind: string;
  readonly at_ms: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface OpenedSession {
  readonly session: WireSession;
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
  readonly scope: string;
}
