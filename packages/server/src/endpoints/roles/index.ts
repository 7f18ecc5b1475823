// Roles over HTTP: names for sets of scopes of this API.

export { list } from "./list.ts";
export { put, putBody } from "./put.ts";
export { remove } from "./remove.ts";
