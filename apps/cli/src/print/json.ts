// JSON for a pipe that may be a terminal: what would steer one stands in it as JSON spells it, so that nobody who parses it notices.

export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[^\P{C}\n]/gu, spelled);
}

function spelled(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }).join("");
}
