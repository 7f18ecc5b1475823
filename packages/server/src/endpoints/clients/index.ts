// Clients over HTTP.

export { disable } from "./disable.ts";
export { list } from "./list.ts";
export { read } from "./read.ts";
export { register } from "./register.ts";
