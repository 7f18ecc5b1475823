// The headers of an answer as Node writes them down: a copy of the object with one more name would be another one to make and to walk.

/** Names and values in turn, with the length of the body in bytes. */
export function headerList(headers: Readonly<Record<string, string>>, length: number): (string | number)[] {
  const list: (string | number)[] = [];
  for (const name in headers) list.push(name, headers[name] ?? "");
  list.push("content-length", length);
  return list;
}
