// One metrics page of several: each worker's series under one heading for each metric, as the format asks for. The series differ by their
// label `worker`, so nothing is added up and nothing collides.

interface Section {
  readonly heading: string;
  readonly samples: string[];
}

/** Pages in the text format of Prometheus, as prom-client writes them: `# HELP`, `# TYPE`, then samples. */
export function mergePages(pages: readonly string[]): string {
  const sections = new Map<string, Section>();
  for (const page of pages) {
    let current: Section | undefined;
    for (const line of page.split("\n")) {
      if (line === "") continue;
      const name = /^# HELP (\S+)/.exec(line)?.[1];
      if (name !== undefined) {
        current = sections.get(name) ?? { heading: line, samples: [] };
        sections.set(name, current);
      } else if (line.startsWith("# TYPE ")) {
        if (current !== undefined && !current.samples.includes(line)) current.samples.unshift(line);
      } else current?.samples.push(line);
    }
  }
  return [...sections.values()].map(({ heading, samples }) => `${[heading, ...samples].join("\n")}\n`).join("\n");
}
