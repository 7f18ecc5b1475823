// Sessions over HTTP. Read open.ts first.

export { alter } from "./alter.ts";
export { end } from "./end.ts";
export { explanation } from "./explanation.ts";
export { keepAlive } from "./keep-alive.ts";
export { open } from "./open.ts";
export { read } from "./read.ts";
export { rotateToken } from "./rotate-token.ts";
export { search } from "./search.ts";
export { timeline } from "./timeline.ts";
