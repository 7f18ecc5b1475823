// Spans, in one place: a request, with the facts that it committed; what the feed published; how long a revocation took to be known everywhere.
// Only the API of OpenTelemetry is ours; without an SDK in the process none of this exists, and no request pays for it.

import {
  type Attributes,
  context,
  ProxyTracerProvider,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Reply } from "../replies.ts";
import { sessionRef } from "./session-ref.ts";

/** What is read of a request. */
interface TracedRequest {
  readonly method: string;
  readonly headers: { get(lowerCaseName: string): string | null };
}

export interface Tracing {
  /** A request of the endpoint that stands at `route`; a child of the caller's span, if it named one (W3C Trace Context). */
  readonly request: (
    asked: {
      readonly head: TracedRequest;
      readonly route: string;
      readonly operation: string;
      readonly requestId: string;
    },
    work: () => Promise<Reply>,
  ) => Promise<Reply>;
  /** A fact that the operation under way has committed. */
  readonly fact: (kind: string, session: string | null) => void;
  /** Something that is over already. */
  readonly noted: (name: string, attributes: Attributes) => void;
  /** Something that takes a while; call what it returns when it is over. */
  readonly began: (name: string, attributes: Attributes) => () => void;
}

const NAME = "hallpass";

/** Undefined when no SDK was installed before: load it with `--import`. */
export function installedTracing(): Tracing | undefined {
  const provider = trace.getTracerProvider();
  if (provider instanceof ProxyTracerProvider && provider.getDelegateTracer(NAME) === undefined) return undefined;
  return tracingWith(trace.getTracer(NAME));
}

function tracingWith(tracer: Tracer): Tracing {
  return {
    request: ({ head, route, operation, requestId }, work) => {
      const parent = propagation.extract(context.active(), head, FROM_HEADERS);
      const attributes = {
        "http.request.method": head.method,
        "http.route": route,
        "hallpass.operation": operation,
        "hallpass.request_id": requestId,
      };
      const span = tracer.startSpan(`${head.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
      return context.with(trace.setSpan(parent, span), () => ended(span, work()));
    },
    fact: (kind, session) => {
      const span = trace.getActiveSpan();
      if (span === undefined) return;
      const ref = session === null ? {} : { "hallpass.session_ref": sessionRef(session) };
      span.addEvent(kind, ref);
      span.setAttributes(ref);
    },
    noted: (name, attributes) => tracer.startSpan(name, { attributes }).end(),
    began: (name, attributes) => {
      const span = tracer.startSpan(name, { attributes });
      return () => span.end();
    },
  };
}

async function ended(span: Span, work: Promise<Reply>): Promise<Reply> {
  try {
    const reply = await work;
    span.setAttribute("http.response.status_code", reply.status);
    if (reply.refused !== undefined) span.setAttribute("hallpass.refusal", reply.refused);
    const verdict = reply.headers["hallpass-verdict"];
    if (verdict !== undefined) span.setAttribute("hallpass.verdict", verdict);
    if (reply.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    return reply;
  } finally {
    span.end();
  }
}

/** Only what W3C Trace Context needs is read of a request's headers. */
const FROM_HEADERS = {
  get: (head: TracedRequest, key: string): string | undefined =>
    key === "traceparent" || key === "tracestate" ? (head.headers.get(key) ?? undefined) : undefined,
  keys: (): string[] => ["traceparent", "tracestate"],
};
