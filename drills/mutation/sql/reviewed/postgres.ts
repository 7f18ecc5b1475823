import type { SqlReviewed } from "../reviewed.ts";

export const POSTGRES: readonly SqlReviewed[] = [];
