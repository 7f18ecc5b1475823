// Every check, in the order in which they are shown. docs/guides/doctor.md names them all; a test compares.

import type { Check } from "../check.ts";
import { CONFIGURATION_CHECKS } from "./configuration.ts";
import { FLEET_CHECKS } from "./fleet.ts";
import { KEY_CHECKS } from "./keys.ts";
import { SERVER_CHECKS } from "./server.ts";
import { TOKEN_CHECKS } from "./tokens.ts";
import { TRANSPORT_CHECKS } from "./transport.ts";

const ALL: readonly Check[] = [
  ...TRANSPORT_CHECKS,
  ...CONFIGURATION_CHECKS,
  ...TOKEN_CHECKS,
  ...KEY_CHECKS,
  ...FLEET_CHECKS,
  ...SERVER_CHECKS,
];

export const CHECKS: readonly Check[] = [
  ...ALL.filter((one) => one.list === "pre-production"),
  ...ALL.filter((one) => one.list === "production"),
];
