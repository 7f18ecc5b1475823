// Signing keys over HTTP.

export { add } from "./add.ts";
export { compromise, compromiseSeveral } from "./compromise.ts";
export { list } from "./list.ts";
export { remove } from "./remove.ts";
export { restore } from "./restore.ts";
export { rotate } from "./rotate.ts";
export { tryNext } from "./try.ts";
