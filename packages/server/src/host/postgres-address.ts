// Whether an address is one that the store will take: judged when the configuration is, by the store's own parser.

import { addressesOf } from "@hallpass/store-postgres/hosts";

export function isPostgresAddress(text: string): boolean {
  try {
    return addressesOf(text).length > 0;
  } catch {
    return false;
  }
}
