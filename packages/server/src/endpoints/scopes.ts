// The scopes of this server's own API. What a client may do here is the scope of its registration, for the audience of the issuer.

export const SCOPES = [
  "sessions:read",
  "sessions:write",
  "revocations:read",
  "revocations:write",
  "verifiers:read",
  "keys:read",
  "keys:write",
  "clients:read",
  "clients:write",
  "roles:read",
  "roles:write",
  "policies:read",
  "policies:write",
  "subjects:read",
  "subjects:write",
  "metrics:read",
  "log:read",
  "audit:read",
  "feed",
] as const;

export type Scope = (typeof SCOPES)[number];
