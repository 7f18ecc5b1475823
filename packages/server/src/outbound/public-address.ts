// Whether an address is one of the public Internet (IANA's special-purpose registries, RFC 6890). Whatever a client names is fetched from
// such an address only: everything else may be this machine, its neighbours, or the cloud's own door to their secrets.

import { isIPv4 } from "node:net";
import { canonicalAddress, networksOf } from "./networks.ts";

const SPECIAL_V4 = networksOf([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]);
/** Of IPv6 only what is handed out is public, and of that not what leads elsewhere: Teredo, documentation, 6to4. */
const GLOBAL_V6 = networksOf(["2000::/3"]);
const SPECIAL_V6 = networksOf(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);

export function isPublicAddress(text: string): boolean {
  const address = canonicalAddress(text);
  if (address === undefined) return false;
  return isIPv4(address) ? !SPECIAL_V4.contain(address) : GLOBAL_V6.contain(address) && !SPECIAL_V6.contain(address);
}
