// Plain tables: a header, columns as wide as their widest cell, two blanks between them.

export function columns(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows];
  // One after the other: a function takes no hundred thousand arguments.
  const widths = header.map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, printable(row[column] ?? "").length), 0),
  );
  return all.map((row) =>
    widths
      .map((width, column) => printable(row[column] ?? "").padEnd(width))
      .join("  ")
      .trimEnd(),
  );
}

/** Names and values, the names padded. */
export function pairs(rows: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`.trimEnd());
}

/** What others wrote must not steer a terminal: control characters are shown, never sent. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
