// Mutants that live, each with the reason why it may. One without a reason fails the run of its file; a reason that no mutant needs any
// more is told.

import type { Mutant, PackageName } from "./mutants.ts";
import { CORE } from "./reviewed/core.ts";
import { CORE_ACCEPTED } from "./reviewed/core-accepted.ts";
import { CORE_KEYS } from "./reviewed/core-keys.ts";
import { CORE_NARROWED } from "./reviewed/core-narrowed.ts";
import { CORE_OPERATIONS } from "./reviewed/core-operations.ts";
import { PROTOCOL } from "./reviewed/protocol.ts";
import { VERIFIER } from "./reviewed/verifier.ts";
import { VERIFIER_WHOLE } from "./reviewed/verifier-whole.ts";

export interface Reviewed {
  /** Equivalent: no caller can tell. Accepted: somebody could, and it is said why no test of the package does. */
  readonly why: "equivalent" | "accepted";
  readonly reason: string;
  /** By source under the package's src/: the lines on which they begin, without the spaces around them. A line that changes has to be reviewed again. */
  readonly lines: Readonly<Record<string, readonly string[]>>;
}

export const REVIEWED: Readonly<Record<PackageName, readonly Reviewed[]>> = {
  protocol: PROTOCOL,
  verifier: [...VERIFIER, ...VERIFIER_WHOLE],
  core: [...CORE, ...CORE_KEYS, ...CORE_NARROWED, ...CORE_OPERATIONS, ...CORE_ACCEPTED],
};

type Place = Pick<Mutant, "file" | "at">;

export function reviewOf(name: PackageName, { file, at }: Place): Reviewed | undefined {
  const short = file.slice(`packages/${name}/src/`.length);
  return REVIEWED[name].find(({ lines }) => lines[short]?.includes(at) === true);
}

/** Lines that are reviewed in these sources, and on which nothing lives. */
export function needless(name: PackageName, sources: readonly string[], living: readonly Place[]): readonly string[] {
  return REVIEWED[name].flatMap(({ lines }) =>
    Object.entries(lines).flatMap(([short, texts]) => {
      const file = `packages/${name}/src/${short}`;
      if (!sources.includes(file)) return [];
      return texts
        .filter((text) => !living.some((one) => one.file === file && one.at === text))
        .map((text) => `${file}: ${text}`);
    }),
  );
}
