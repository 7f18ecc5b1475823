// Policies over HTTP. Read put.ts first.

export { apply } from "./apply.ts";
export { ofClient, ofSession } from "./explain.ts";
export { list } from "./list.ts";
export { preview } from "./preview.ts";
export { put } from "./put.ts";
export { read } from "./read.ts";
export { versions } from "./versions.ts";
