// Stryker's instrumenter, which writes every mutant of a source into it behind a switch. In a file without types, because it is installed
// only in this folder: `npm ci --ignore-scripts --prefix drills/mutation`.

import { createInstrumenter } from "@stryker-mutator/instrumenter";
import { createInjector } from "typed-inject";

const nothing = () => {};
const logger = { isDebugEnabled: () => false, debug: nothing, info: nothing, warn: nothing, error: console.error };

/** `sources` are [path, text]; `prose` is a mutant's reason not to be one. Answers { files, mutants } as Stryker has them. */
export async function instrument(sources) {
  const instrumenter = createInjector().provideValue("logger", logger).injectFunction(createInstrumenter);
  const files = sources.map(([name, content]) => ({ name, content, mutate: true }));
  const made = await instrumenter.instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [{ shouldIgnore: prose }],
  });
  return {
    mutants: made.mutants,
    files: made.files.map(({ name, content }) => ({ name, content: countedWhenAsked(content) })),
  };
}

/** Counting how often each place is passed takes most of the time, and is needed once. */
function countedWhenAsked(content) {
  return content.replace("function cover() {", "function cover() { if (ns.counting === false) return;");
}

/** What is said to people: the house asserts codes and kinds, never sentences, so no test may notice. */
function prose(path) {
  if (path.node.type !== "StringLiteral" && path.node.type !== "TemplateLiteral") return undefined;
  if (path.node.type === "StringLiteral" && / .*\.$/.test(path.node.value)) return "a sentence";
  const thrown = path.findParent(
    ({ node }) => node.type === "NewExpression" && node.callee.name?.endsWith("Error") === true,
  );
  return thrown === null ? undefined : "the sentence of an error";
}
