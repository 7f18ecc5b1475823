// What a verifier uses of OpenTelemetry, as a form: this package depends on nobody.

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanLike {
  setAttributes(attributes: Attributes): unknown;
  end(): void;
}

/** The part of OpenTelemetry's Tracer that is used. */
export interface TracerLike {
  startSpan(name: string): SpanLike;
}
