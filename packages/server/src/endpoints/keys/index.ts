// Signing keys over HTTP.

export { compromise } from "./compromise.ts";
export { list } from "./list.ts";
export { remove } from "./remove.ts";
export { rotate } from "./rotate.ts";
