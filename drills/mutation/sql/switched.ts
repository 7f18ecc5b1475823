// What a process is told of the mutant that it runs, or that it has to say which statements it runs.

/** In the environment, so that threads and processes of its own have it, too. */
export const MUTANT = "HALLPASS_DRILL_MUTANT";
/** A file to which is added what is run; beside it `_WHO`, the rule or the test file that is under way. */
export const RECORD = "HALLPASS_DRILL_RECORD";

export interface Switched {
  /** Of the source. */
  readonly url: string;
  /** Places in its text, and what stands there instead. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export interface Recorded {
  readonly who: string;
  /** Of a statement. */
  readonly text: string;
}
