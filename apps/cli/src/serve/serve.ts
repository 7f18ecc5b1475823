import type { Context, Outcome } from "../context.ts";
export async function serve(_context: Context, _options: object): Promise<Outcome> {
  return undefined;
}
