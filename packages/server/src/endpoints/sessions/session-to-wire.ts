// A session as /v1 shows it: snake_case, times in milliseconds, nothing that could mint.

import { absoluteEnd, type Device, foreseenEnd, type SeenSession } from "@hallpass/core";

export function sessionToWire({ session, version, standing }: Omit<SeenSession, "asOf">): object {
  const { policy, device } = session;
  return {
    id: session.id,
    subject: session.subject,
    state: standing.kind,
    end: standing.kind === "ended" ? { reason: standing.reason, at_ms: standing.at } : null,
    opened_ms: session.opened,
    last_active_ms: session.lastActive,
    expires_ms: foreseenEnd(session),
    absolute_end_ms: absoluteEnd(session),
    policy: {
      name: policy.name,
      version: policy.version,
      idle_s: policy.idle,
      absolute_s: policy.absolute,
      remembered: policy.remembered,
    },
    parent: session.ancestors[0] ?? null,
    ancestors: session.ancestors,
    acr: session.acr,
    amr: session.amr,
    auth_time: session.authTime,
    device: device === null ? null : deviceToWire(device),
    claims: session.claims,
    families: session.families.map((family) => ({
      id: family.id,
      client_id: family.client,
      scope: family.scope.join(" "),
      audience: family.audience,
      generation: family.generation,
      rotated_ms: family.rotatedAt,
      ended: family.ended,
    })),
    version,
  };
}

function deviceToWire({ name, userAgent, ip, region }: Device): object {
  return { name, user_agent: userAgent, ip, ...(region === undefined ? {} : { region }) };
}
