import type { Reviewed } from "../reviewed.ts";

export const CORE: readonly Reviewed[] = [];
