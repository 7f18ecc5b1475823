import type { Reviewed } from "../reviewed.ts";

export const VERIFIER: readonly Reviewed[] = [];
