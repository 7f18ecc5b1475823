import type { Context, Outcome } from "../context.ts";
export async function checkConfig(_context: Context, _options: object): Promise<Outcome> {
  return undefined;
}
