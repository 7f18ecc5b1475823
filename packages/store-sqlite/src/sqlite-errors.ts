// What SQLite's error codes mean to us. Codes are compared, messages never.

const FULL = 13;

export interface PlainCause {
  readonly name: "SqliteError";
  readonly code: number | undefined;
  readonly message: string;
}

export function isFull(error: unknown): boolean {
  return primaryCode(error) === FULL;
}

/** An error as plain values that may cross threads. SQLite's messages name tables and columns, never values. */
export function plainCause(error: unknown): PlainCause {
  return {
    name: "SqliteError",
    code: extendedCode(error),
    message: error instanceof Error ? error.message : String(error),
  };
}

function primaryCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}

function extendedCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}
