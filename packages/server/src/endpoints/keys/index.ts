// Signing keys over HTTP.

export { add, addBody } from "./add.ts";
export { compromise, compromiseBody, compromiseSeveral, compromiseSeveralBody } from "./compromise.ts";
export { list } from "./list.ts";
export { remove, removeBody } from "./remove.ts";
export { restore, restoreBody } from "./restore.ts";
export { rotate, rotateBody } from "./rotate.ts";
export { tryNext, tryNextBody } from "./try.ts";
