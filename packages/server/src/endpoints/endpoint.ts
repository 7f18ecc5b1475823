// What an endpoint is: a row that says where it stands, who may call it and which operation it calls.
// There is no row without a policy: the type knows three, and the router refuses any other at start.

import type { CertificateName, ClientId, LiveAccessToken, Mandate, RowKey } from "@hallpass/core";
import type { Form } from "@hallpass/protocol";
import type { z } from "zod";
import type { Reply, ReplyContext, Surface } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Scope } from "./scopes.ts";

/** What stands above a body. A Request is turned into one, and the Node host makes one of what Node has parsed. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: { get(lowerCaseName: string): string | null };
  /** What the certificate of the connection says, where the host has asked for one, and it was vouched for. No header says it. */
  readonly certificate?: (() => readonly CertificateName[] | undefined) | undefined;
  /** Gives back what it holds of the host, where that counts, because its answer waits. False: too many wait already. Twice is once. */
  readonly wait?: () => boolean;
}

/** The person behind a call: a subject, as the app calls its user. */
export interface HumanActor {
  readonly id: string;
  readonly proof: "declared" | "proven";
  /** The session whose token proved it. */
  readonly session: string | null;
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
  /** The person behind the call, where a header names one. */
  readonly human?: HumanActor;
}

/** A client whose own access token was judged, and holds the scope that the row asks for. */
export interface Caller {
  readonly token: LiveAccessToken;
  readonly scope: readonly string[];
  /** For whom it may act. */
  readonly mandate: Mandate;
  /** Who stands in facts and receipts: the person behind the call, or else the client. */
  readonly actor: string;
  readonly human: HumanActor | null;
}

export type Answer = Reply | Promise<Reply>;

interface Row {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** With placeholders such as `:id`. */
  readonly path: string;
  /** One sentence for the reference. */
  readonly what: string;
  /** The function of core that it calls; `none` if it needs none. */
  readonly operation: string;
  /** Where it is written, below `src/endpoints`. */
  readonly file: string;
  readonly surface: Surface;
  /** What its JSON body may have: the reference is printed from it, the endpoint itself reads it. `spec`: a page of spec/ says it. */
  readonly body?: z.ZodType | "none" | "spec";
  /** The names its query may have. Absent: a query is refused. `ignored`: for documents that caches and probes fetch. */
  readonly query?: readonly string[] | "ignored";
  /** Others rely on its answer later: it is not given when the node stood still since the request came. A caller that asks again loses nothing. */
  readonly vouches?: true;
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
export type ScopedEndpoint = ScopedRow & Bodied;

/** Who writes something says what it takes. */
type Bodied =
  | { readonly method: "GET" | "DELETE"; readonly body?: never }
  | { readonly method: "POST" | "PUT" | "PATCH"; readonly body: z.ZodType | "none" | "spec" };

/** What a call asks for, read before its caller is judged. */
export interface Along {
  /** Rows that the operation will ask for. None for a request that it will refuse. */
  readonly rows: readonly RowKey[];
  /** As the row's own `answer`, with what was read here. Not for a call with a person behind it, of whom a body says more: then the row's own reads it again. */
  readonly answer: ScopedRow["answer"];
}

interface ScopedRow extends Row {
  readonly from: { readonly kind: "scope"; readonly scope: Scope };
  /**
   * What holds the caller's mandate against the call. `session`: the router, for the session whose id is in the path. `judged`: the endpoint.
   * `free`: nothing here is about a client or a subject. Absent: a caller whose mandate is not for everything is refused.
   */
  readonly mandate?: "session" | "judged" | "free";
  /** What a retry with the same Idempotency-Key gets. `answer`: the first success, word for word, which may hold no secret. `own`: the endpoint sees to it. Absent: the header means nothing here. */
  readonly retry?: "answer" | "own";
  /** Of a row with `retry: "answer"` and `mandate: "judged"`: a refusal for whoever may not hear any more what its first try was answered. */
  readonly judgeAgain?: (
    services: Services,
    exchange: Exchange,
    caller: Caller,
    kept: string,
  ) => Promise<Reply | undefined>;
  /** Whose rows are read in one go with those by which the caller is judged. */
  readonly along?: (services: Services, exchange: Exchange, caller: ClientId) => Along;
  readonly answer: (services: Services, exchange: Exchange, caller: Caller) => Answer;
}

export type Endpoint = OpenEndpoint | ClientEndpoint | ScopedEndpoint;
