// What a script can rely on: the one table of exit codes.

export const EXIT = {
  /** Done; for a revocation: committed. */
  done: 0,
  /** A defect of this program. */
  defect: 1,
  /** The command line, a file or the configuration is wrong; nothing was sent. */
  usage: 2,
  /** The server said no, or what was judged is not good. */
  refused: 3,
  /** The server could not be reached or could not answer; what was asked may have happened. */
  unavailable: 4,
  /** Committed, and when `--wait` was over some verifier had not acknowledged. */
  waiting: 5,
  /** Of what was judged nothing failed, and something should be mended or could not be looked at. */
  warned: 6,
  /** What it prints is read no more, or can't be written: it stopped there, like a program that SIGPIPE has ended. */
  unread: 141,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done; for a revocation: committed",
  defect: "a defect of this program",
  usage: "the command line, a file or the configuration is wrong; nothing was sent",
  refused: "the server said no, or what was judged is not good",
  unavailable: "the server could not be reached or could not answer; what was asked may have happened",
  waiting: "committed, and when --wait was over some verifier had not acknowledged",
  warned: "nothing failed, and something should be mended or could not be looked at",
  unread: "nobody read on, or what it printed could not be written; it may have stopped half-way",
};
