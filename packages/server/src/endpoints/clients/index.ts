// Clients over HTTP.

export { change, changeBody } from "./change.ts";
export { disable, disableBody } from "./disable.ts";
export { enable, enableBody } from "./enable.ts";
export { list } from "./list.ts";
export { judgeAgain, read } from "./read.ts";
export { register, registerBody } from "./register.ts";
export { remove } from "./remove.ts";
export { rotateSecret, rotateSecretBody } from "./rotate-secret.ts";
