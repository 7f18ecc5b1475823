// One line for each answered commit.

export interface Acknowledged {
  readonly id: string;
  readonly version: number;
  readonly seq: number;
  readonly mark: string;
}

export function formatAcknowledged({ id, version, seq, mark }: Acknowledged): string {
  return `${id} ${version} ${seq} ${mark}\n`;
}

/** Whole lines only: the last may have been cut by the kill, and then nobody was answered. */
export function parseAcknowledged(text: string): readonly Acknowledged[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [id = "", version, seq, mark = ""] = line.split(" ");
      return { id, version: Number(version), seq: Number(seq), mark };
    });
}
