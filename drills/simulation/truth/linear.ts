// Whether the answers that clients were given about one family of one session fit an order in which everything happened at once, each thing
// between its question and its answer (Herlihy and Wing). Searched as Wing and Gong do, with a memory of what has been tried. It knows of
// no store, no node and no row: only of what was asked and answered.

/** True times. `answered` is Infinity for what was never answered, or with a fault: it may have happened, at any time, or not at all. */
export interface Call {
  readonly asked: number;
  readonly answered: number;
  readonly what: Observed;
}

export type Observed =
  /** `next`: the generation that it was given; null where it was given none, and where nobody knows. */
  | { readonly kind: "refresh"; readonly generation: number; readonly outcome: string; readonly next: number | null }
  | { readonly kind: "end"; readonly whole: boolean }
  | { readonly kind: "read"; readonly isActive: boolean };

interface Register {
  readonly generation: number;
  readonly isFamilyOver: boolean;
  readonly isSessionOver: boolean;
}

const BEGINNING: Register = { generation: 1, isFamilyOver: false, isSessionOver: false };

/** What the register is after it; undefined where it can't have answered so. What is over by time is so from the first answer on that says it. */
function after(register: Register, what: Observed, isKnown: boolean): Register | undefined {
  const isOver = register.isFamilyOver || register.isSessionOver;
  switch (what.kind) {
    case "end":
      return what.whole ? { ...register, isSessionOver: true } : { ...register, isFamilyOver: true };
    case "read":
      if (what.isActive) return register.isSessionOver ? undefined : register;
      return { ...register, isSessionOver: true };
    case "refresh":
      return isKnown ? refreshed(register, what, isOver) : perhapsRefreshed(register, what.generation, isOver);
  }
}

function refreshed(
  register: Register,
  { generation, outcome, next }: Extract<Observed, { kind: "refresh" }>,
  isOver: boolean,
): Register | undefined {
  if (outcome === "ended") return isOver ? register : { ...register, isFamilyOver: true };
  if (isOver) return undefined;
  const isOlder = generation < register.generation;
  switch (outcome) {
    case "rotated":
      return generation === register.generation && next === generation + 1
        ? { ...register, generation: next }
        : undefined;
    case "recovered":
      return isOlder && next === register.generation + 1 ? { ...register, generation: next } : undefined;
    case "retried":
      if (isOlder && next === register.generation) return register;
      // Its own change, of which the store did not say what became of it: whoever reads again finds it, as a retry would.
      return next === register.generation + 1 ? { ...register, generation: next } : undefined;
    case "superseded":
      return isOlder ? register : undefined;
    case "reused":
      return isOlder ? { ...register, isFamilyOver: true } : undefined;
    default:
      return register;
  }
}

/** What a refresh may have done whose answer nobody saw; undefined where it can have changed nothing. */
function perhapsRefreshed(register: Register, generation: number, isOver: boolean): Register | undefined {
  if (isOver || generation > register.generation) return undefined;
  return { ...register, generation: register.generation + 1 };
}

/** A reuse whose answer nobody saw ended the family. */
function perhapsEnded(register: Register, { what }: Call): Register | undefined {
  if (what.kind !== "refresh" || register.isFamilyOver || what.generation >= register.generation) return undefined;
  return { ...register, isFamilyOver: true };
}

/** Undefined where they fit; otherwise how many of the answered ones did at most, and the ones that come next. */
export function misfit(calls: readonly Call[]): { readonly fits: number; readonly stuck: readonly Call[] } | undefined {
  const known = calls.filter(({ answered }) => Number.isFinite(answered)).toSorted((a, b) => a.answered - b.answered);
  const unknown = calls.filter(({ answered }) => !Number.isFinite(answered));
  const tried = new Set<string>();
  let best = { fits: -1, stuck: known };

  function fits(done: ReadonlySet<Call>, count: number, register: Register): boolean {
    const left = known.filter((call) => !done.has(call));
    if (left.length === 0) return true;
    const key = `${keyOf(calls, done)} ${register.generation} ${register.isFamilyOver} ${register.isSessionOver}`;
    if (tried.has(key)) return false;
    tried.add(key);
    const firstAnswer = left[0]?.answered ?? 0;
    const next = left.filter(({ asked }) => asked <= firstAnswer);
    if (count > best.fits) best = { fits: count, stuck: next };
    for (const call of next) {
      const then = after(register, call.what, true);
      if (then !== undefined && fits(new Set([...done, call]), count + 1, then)) return true;
    }
    for (const call of unknown) {
      if (done.has(call) || call.asked > firstAnswer) continue;
      for (const then of [after(register, call.what, false), perhapsEnded(register, call)])
        if (then !== undefined && fits(new Set([...done, call]), count, then)) return true;
    }
    return false;
  }
  return fits(new Set(), 0, BEGINNING) ? undefined : best;
}

function keyOf(calls: readonly Call[], done: ReadonlySet<Call>): string {
  return calls.map((call) => (done.has(call) ? "1" : "0")).join("");
}
