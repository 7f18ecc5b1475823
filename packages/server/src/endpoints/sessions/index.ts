// Sessions over HTTP. Read open.ts first.

export { alter, alterBody } from "./alter.ts";
export { end, endBody } from "./end.ts";
export { explanation } from "./explanation.ts";
export { keepAlive, keepAliveBody } from "./keep-alive.ts";
export { open, openAlong, openBody } from "./open.ts";
export { read } from "./read.ts";
export { rotateToken, rotateTokenBody } from "./rotate-token.ts";
export { search, searchBody } from "./search.ts";
export { timeline } from "./timeline.ts";
