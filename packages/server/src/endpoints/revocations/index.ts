// Revocations over HTTP, and their receipts. Read receipt-for.ts first.

export { affected } from "./affected.ts";
export { judge, judgeAgain, judgeBody } from "./judge.ts";
export { LIST_QUERY, list } from "./list.ts";
export { read } from "./read.ts";
export { revoke, revokeAlong, revokeBody } from "./revoke.ts";
export { unreadable } from "./unreadable.ts";
