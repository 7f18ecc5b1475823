// `npm run -s sbom`: what the packages bring along at run time (CycloneDX, from the lock alone), the same bytes for the same lock: without the
// number, the time and the name of the directory that npm gives to each print. Exits with 1 if a component has no version, no licence or, from elsewhere, no hash.

import { execFileSync } from "node:child_process";

interface Component {
  readonly purl?: string;
  readonly version?: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Sbom {
  readonly serialNumber?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly components: readonly Component[];
}

const OWN = "pkg:npm/%40hallpass/";

/** The text for the project in that directory. */
export function sbomOf(root: string): string {
  const words = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev", "--omit", "optional"];
  const {
    serialNumber: _,
    metadata,
    ...rest
  }: Sbom = JSON.parse(
    execFileSync("npm", [...words, "--loglevel=error"], { cwd: root, encoding: "utf8", maxBuffer: 1e8 }),
  );
  const { timestamp: __, component, ...kept } = metadata;
  // Npm names it after its directory.
  const named = { ...(component as object), name: "hallpass" };
  return `${JSON.stringify({ ...rest, metadata: { ...kept, component: named } }, null, 2)}\n`;
}

/** Sentences about what is missing. */
export function missingIn(sbom: string): readonly string[] {
  const { components }: Sbom = JSON.parse(sbom);
  const missing = components.flatMap(({ purl = "a component", version, licenses = [], hashes = [] }) => {
    const hashed = purl.startsWith(OWN) || hashes.some(({ alg, content }) => alg === "SHA-512" && content !== "");
    return [
      ...(version === undefined || version === "" ? [`${purl} has no version`] : []),
      ...(licenses.length === 0 ? [`${purl} has no licence`] : []),
      ...(hashed ? [] : [`${purl} has no hash`]),
    ];
  });
  return components.length === 0 ? ["there is no component"] : missing;
}

if (process.argv[1] === import.meta.filename) {
  const sbom = sbomOf(`${import.meta.dirname}/..`);
  process.stdout.write(sbom);
  for (const one of missingIn(sbom)) {
    console.error(one);
    process.exitCode = 1;
  }
}
