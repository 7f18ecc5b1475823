// Subjects over HTTP. Read subject-of.ts first.

export { block, blockBody } from "./block.ts";
export { erase, eraseBody } from "./erase.ts";
export { exportAll, exportAllBody } from "./export.ts";
export { read } from "./read.ts";
export { search, searchBody } from "./search.ts";
export { unblock, unblockBody } from "./unblock.ts";
