// The grants that are offered: the metadata document is printed from this table.

import { clientCredentials } from "./client-credentials.ts";
import type { Grant } from "./grant.ts";
import { refreshToken } from "./refresh-token.ts";

export const GRANTS: ReadonlyMap<string, Grant> = new Map(
  [refreshToken, clientCredentials].map((grant) => [grant.type, grant]),
);
