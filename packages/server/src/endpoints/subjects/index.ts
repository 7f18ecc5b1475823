// Subjects over HTTP. Read subject-of.ts first.

export { block } from "./block.ts";
export { erase } from "./erase.ts";
export { exportAll } from "./export.ts";
export { read } from "./read.ts";
export { search } from "./search.ts";
export { unblock } from "./unblock.ts";
