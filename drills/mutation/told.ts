// What a worker is told and asked, and what it answers.

export type Told =
  | {
      readonly ask: "load";
      /** By path under the root: where its JavaScript with mutants is. */
      readonly written: Readonly<Record<string, string>>;
      readonly files: readonly string[];
      /** Loads the sources before the first test file, so that it is known what is passed by whom. */
      readonly apart?: true;
      /** On from the beginning. */
      readonly mutant?: string;
      readonly hitLimit?: number;
    }
  | { readonly ask: "cover" }
  | {
      readonly ask: "judge";
      readonly mutant: string;
      readonly tests: readonly (readonly [index: number, limitMs: number])[];
      readonly hitLimit: number;
    };

export interface Failure {
  readonly why: string;
  /** Or ran through the mutant far more often than the sources do. */
  readonly timedOut: boolean;
  /** The worker is no longer what it was: only a fresh one can say whose failure it is. */
  readonly left: boolean;
  /** Its number in the order of loading; -1 where no test was at fault. */
  readonly test: number;
}

/** How often a mutant's place is passed, by the mutant's id. */
export type Hits = Readonly<Record<string, number>>;

export interface Covered {
  /** While sources are loaded. */
  readonly atLoad: Hits;
  /** While a test file is loaded: what it makes for all of its tests. */
  readonly byFile: Readonly<Record<string, Hits>>;
  readonly byTest: readonly Hits[];
  readonly times: readonly number[];
}

export type Answer =
  | { readonly kind: "loaded"; readonly tests: readonly { readonly file: string; readonly title: string }[] }
  | { readonly kind: "covered"; readonly covered: Covered }
  | { readonly kind: "judged"; readonly failure?: Failure | undefined }
  | { readonly kind: "broken"; readonly why: string };
