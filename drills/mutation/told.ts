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
      readonly tests: readonly Asked[];
      readonly hitLimit: number;
    };

/** A test by its file and its place in it. A file that is not loaded yet is loaded first, with no mutant switched on. */
export type Asked = readonly [file: string, place: number, limitMs: number];

export interface Failure {
  readonly why: string;
  /** Or ran through the mutant far more often than the sources do. */
  readonly timedOut: boolean;
  /** The worker is no longer what it was: only a fresh one can say whose failure it is. */
  readonly left: boolean;
  /** Its place among those that were asked; -1 where no test was at fault. */
  readonly test: number;
}

/** How often a mutant's place is passed, by the mutant's id. */
export type Hits = Readonly<Record<string, number>>;

export interface Covered {
  /** While sources are loaded. */
  readonly atLoad: Hits;
  readonly files: Readonly<Record<string, CoveredFile>>;
}

export interface CoveredFile {
  /** While the file is loaded: what it makes for all of its tests. */
  readonly atLoad: Hits;
  readonly tests: readonly { readonly title: string; readonly hits: Hits; readonly ms: number }[];
}

export type Answer =
  | { readonly kind: "loaded" }
  /** No answer yet: whoever says nothing for so long after it is stuck. */
  | { readonly kind: "begins"; readonly limitMs: number }
  | { readonly kind: "covered"; readonly covered: Covered }
  | { readonly kind: "judged"; readonly failure?: Failure | undefined }
  | { readonly kind: "broken"; readonly why: string };
