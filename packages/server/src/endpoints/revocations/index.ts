// Revocations over HTTP, and their receipts. Read receipt-for.ts first.

export { read } from "./read.ts";
export { revoke } from "./revoke.ts";
