// Clients over HTTP.

export { change } from "./change.ts";
export { disable } from "./disable.ts";
export { enable } from "./enable.ts";
export { list } from "./list.ts";
export { read } from "./read.ts";
export { register } from "./register.ts";
export { remove } from "./remove.ts";
export { rotateSecret } from "./rotate-secret.ts";
