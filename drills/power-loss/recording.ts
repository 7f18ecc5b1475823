// What the preloaded library wrote down (recorded-disk.c), read again.

export type Done =
  | { readonly kind: "made"; readonly path: string; readonly directory: boolean }
  | { readonly kind: "written"; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "cut"; readonly path: string; readonly size: number }
  | { readonly kind: "flushed"; readonly path: string }
  | { readonly kind: "removed"; readonly path: string }
  | { readonly kind: "renamed"; readonly path: string; readonly to: string }
  | { readonly kind: "linked"; readonly path: string; readonly to: string }
  | { readonly kind: "acknowledged"; readonly line: string };

const HEAD_BYTES = 17;

/** In the order in which it was done. Throws for what ends in the middle of a record. */
export function recordingOf(file: Buffer): readonly Done[] {
  const all: Done[] = [];
  for (let from = 0; from < file.length; ) {
    const [pathBytes, bytes] = [file.readUInt32LE(from + 1), file.readUInt32LE(from + 5)];
    const at = Number(file.readBigInt64LE(from + 9));
    const data = from + HEAD_BYTES + pathBytes;
    if (data + bytes > file.length) throw new Error("the recording ends in the middle of a record");
    const path = file.toString("utf8", from + HEAD_BYTES, data);
    all.push(doneOf(String.fromCharCode(file[from] ?? 0), path, at, file.subarray(data, data + bytes)));
    from = data + bytes;
  }
  return all;
}

function doneOf(kind: string, path: string, at: number, bytes: Buffer): Done {
  switch (kind) {
    case "M":
      return { kind: "made", path, directory: true };
    case "C":
      return { kind: "made", path, directory: false };
    case "W":
      return { kind: "written", path, at, bytes };
    case "T":
      return { kind: "cut", path, size: at };
    case "S":
      return { kind: "flushed", path };
    case "U":
      return { kind: "removed", path };
    case "R":
      return { kind: "renamed", path, to: bytes.toString("utf8") };
    case "L":
      return { kind: "linked", path, to: bytes.toString("utf8") };
    case "A":
      return { kind: "acknowledged", line: bytes.toString("utf8").trimEnd() };
    default:
      throw new Error(`a record of an unknown kind: ${kind}`);
  }
}
