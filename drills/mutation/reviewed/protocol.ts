import type { Reviewed } from "../reviewed.ts";

export const PROTOCOL: readonly Reviewed[] = [];
