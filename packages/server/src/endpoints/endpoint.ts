// What an endpoint is: a row that says where it stands, who may call it and which operation it calls.
// There is no row without a policy: the type knows three, and the router refuses any other at start.

import type { LiveAccessToken } from "@hallpass/core";
import type { Form } from "@hallpass/protocol";
import type { Reply, ReplyContext, Surface } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Scope } from "./scopes.ts";

/** What stands above a body. A Request is turned into one, and the Node host makes one of what Node has parsed. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: { get(lowerCaseName: string): string | null };
}

/** One request, read: the body is whole and within its limit. */
export interface Exchange extends ReplyContext {
  readonly request: RequestHead;
  readonly body: Uint8Array;
  readonly query: Form;
  /** A placeholder of the path. Throws for a name that the path does not have. */
  readonly param: (name: string) => string;
  /** The address of whoever is connected; null when the host does not tell. */
  readonly peer: string | null;
}

/** A client whose own access token was judged, and holds the scope that the row asks for. */
export interface Caller {
  readonly token: LiveAccessToken;
  readonly scope: readonly string[];
}

export type Answer = Reply | Promise<Reply>;

interface Row {
  readonly method: "GET" | "POST" | "PATCH";
  /** With placeholders such as `:id`. */
  readonly path: string;
  /** One sentence for the reference. */
  readonly what: string;
  /** The function of core that it calls; `none` if it needs none. */
  readonly operation: string;
  /** Where it is written, below `src/endpoints`. */
  readonly file: string;
  readonly surface: Surface;
  /** The names its query may have. Absent: a query is refused. `ignored`: for documents that caches and probes fetch. */
  readonly query?: readonly string[] | "ignored";
  /** Any origin may read it: public documents only. */
  readonly publicDocument?: true;
  /** Pages of a client's registered origins may read its answers. */
  readonly crossOrigin?: "registered";
}

/** Anyone: public documents and probes. */
export interface OpenEndpoint extends Row {
  readonly from: { readonly kind: "anyone" };
  readonly answer: (services: Services, exchange: Exchange) => Answer;
}

/** A client that authenticates itself in the request, judged by the operation. */
export interface ClientEndpoint extends Row {
  readonly from: { readonly kind: "client" };
  readonly answer: (services: Services, exchange: Exchange) => Answer;
}

/** A client with an access token of this issuer for itself, which holds the scope. */
export interface ScopedEndpoint extends Row {
  readonly from: { readonly kind: "scope"; readonly scope: Scope };
  readonly answer: (services: Services, exchange: Exchange, caller: Caller) => Answer;
}

export type Endpoint = OpenEndpoint | ClientEndpoint | ScopedEndpoint;
