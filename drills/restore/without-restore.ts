// What people do who know nothing of a journal: the copy is put where the store was. It shows what a restore has to prevent.

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { loadAside, moveIn } from "@hallpass/store-postgres";
import type { Deployment } from "./deployment.ts";

export async function comeBackWithoutRestore(
  one: Deployment,
  store: "sqlite" | "postgres",
  backup: string,
): Promise<void> {
  if (store === "sqlite") copyFileSync(join(backup, "default.sqlite"), join(one.path("data"), "hallpass.sqlite"));
  else {
    await loadAside({ url: one.storeUrl, schema: "hallpass" }, join(backup, "default.dump"));
    await moveIn(one.storeUrl, ["hallpass"]);
  }
}
