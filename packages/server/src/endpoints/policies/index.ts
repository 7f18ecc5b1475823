// Policies over HTTP. Read put.ts first.

export { apply, applyBody } from "./apply.ts";
export { ofClient, ofSession } from "./explain.ts";
export { list } from "./list.ts";
export { preview, previewBody } from "./preview.ts";
export { put, putBody } from "./put.ts";
export { read } from "./read.ts";
export { versions } from "./versions.ts";
