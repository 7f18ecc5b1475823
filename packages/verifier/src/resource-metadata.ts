// The document by which a client finds out who issues tokens for a resource (RFC 9728), and where it stands.

import { isResource, OptionsError } from "./options.ts";

export interface ResourceOptions {
  /** The resource's identifier: its address, as it stands in `aud`. https, or http on a loopback host; no query, no fragment. */
  readonly resource: string;
  /** Issuers whose tokens are accepted; at least one. */
  readonly authorizationServers: readonly string[];
  /** What a client may have to ask for. Never `offline_access`, which is no scope of a resource. */
  readonly scopes?: readonly string[];
  /** For people. */
  readonly name?: string;
  readonly documentation?: string;
}

export interface ResourceMetadata {
  /** Where it has to stand: for the option `resourceMetadata` of a verifier. */
  readonly url: string;
  readonly path: string;
  /** JSON. */
  readonly body: string;
  /** The answer to a GET or HEAD of that path; undefined for every other request. Any page may read it. */
  respond(request: Request): Response | undefined;
}

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Throws OptionsError with all problems at once. */
export function resourceMetadata(options: ResourceOptions): ResourceMetadata {
  const problems = problemsOf(options);
  if (problems.length > 0) throw new OptionsError(problems);
  const { origin, pathname } = new URL(options.resource);
  // Section 3.1: between host and path, without the slash that stands alone.
  const path = `${WELL_KNOWN}${pathname === "/" ? "" : pathname}`;
  const body = JSON.stringify({
    // Section 3.3: exactly the identifier, or clients throw the document away.
    resource: options.resource,
    authorization_servers: options.authorizationServers,
    scopes_supported: options.scopes,
    bearer_methods_supported: ["header"],
    resource_name: options.name,
    resource_documentation: options.documentation,
  });
  const headers = {
    "content-type": "application/json",
    "cache-control": "public, max-age=300",
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
  };
  return {
    url: `${origin}${path}`,
    path,
    body,
    respond: ({ method, url }) => {
      if ((method !== "GET" && method !== "HEAD") || new URL(url).pathname !== path) return undefined;
      return new Response(method === "HEAD" ? null : body, { headers });
    },
  };
}

function problemsOf({ resource, authorizationServers: issuers, scopes, documentation }: ResourceOptions): string[] {
  const address = "an https address without query or fragment (http only on a loopback host)";
  const problems: string[] = [];
  if (!isResource(resource)) problems.push(`resource: give ${address}`);
  if (!Array.isArray(issuers) || issuers.length === 0 || !issuers.every(isResource))
    problems.push(`authorizationServers: give at least one issuer, each ${address}`);
  if (scopes !== undefined && !(Array.isArray(scopes) && scopes.every(isScope)))
    problems.push("scopes: give scopes of RFC 6749, without offline_access");
  if (documentation !== undefined && !URL.canParse(documentation)) problems.push("documentation: give an address");
  return problems;
}

function isScope(value: unknown): boolean {
  return typeof value === "string" && SCOPE.test(value) && value !== "offline_access";
}
