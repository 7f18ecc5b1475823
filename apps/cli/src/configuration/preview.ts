// What an edit of a policy would end, if it were brought to the sessions that live. Applying a file does not: it holds for new sessions.

import type { ServerApi } from "../connection/server-api.ts";
import type { WantedPolicy } from "./document.ts";

interface Effect {
  readonly examined: number;
  readonly changed: number;
  readonly ended: number;
  readonly next_cursor: string | null;
}

const MOST_STEPS = 1000;

export async function previewOf(
  server: ServerApi,
  { policy, edit }: { readonly policy: string; readonly edit: WantedPolicy },
): Promise<string> {
  let ended = 0;
  let changed = 0;
  let cursor: string | null = null;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const effect: Effect = await server.call<Effect>({
      scope: "policies:read",
      method: "POST",
      path: `/v1/policies/${encodeURIComponent(policy)}/preview`,
      body: cursor === null ? edit : { ...edit, cursor },
    });
    ended += effect.ended;
    changed += effect.changed;
    cursor = effect.next_cursor;
    if (cursor === null)
      return `for new sessions; brought to those that live it would change ${changed} and end ${ended}`;
  }
  return `for new sessions; brought to those that live it would end at least ${ended}`;
}
