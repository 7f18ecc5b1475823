// A file of this program's own making: never over another, and readable by its owner alone.

import { openSync } from "node:fs";
import { usage } from "./complaint.ts";

/** Returns a descriptor to write to. Throws a complaint when the file is there, or its folder is not or takes none. */
export function newFile(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (cause) {
    throw cause instanceof Error && "code" in cause && cause.code === "EEXIST"
      ? usage(`${path} is there already`, "name a new file: nothing is written over another")
      : usage(`${path} can't be made`, "its folder has to be there, and yours to write to");
  }
}
