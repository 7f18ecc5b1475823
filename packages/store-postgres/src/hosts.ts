// Several hosts in one address, as libpq takes them: `postgres://user:password@a:5432,b:5432/database?target_session_attrs=read-write`.
// The driver knows one host, so each gets an address of its own; which of them is the primary, primary.ts finds out.

const MOST_HOSTS = 16;
const ADDRESS = /^(postgres(?:ql)?:\/\/)([^/?#]*)(\/[^?#]*)(?:\?([^#]*))?$/;
/** Hosts are only ever written to: `primary` and `read-write` mean the same, and anything else could not be served. */
const SESSION_ATTRS: readonly string[] = ["read-write", "primary"];

/**
 * An address for each host, in their order. Throws a RangeError, which shows nothing of the address, for what is no address of
 * PostgreSQL with a database, has no or too many hosts, or wants servers that can't be written to.
 */
export function addressesOf(url: string): readonly string[] {
  const [, scheme, authority = "", path = "", query = ""] = ADDRESS.exec(url) ?? [];
  if (scheme === undefined || path.length < 2) throw new RangeError("not an address of PostgreSQL with a database");
  const at = authority.lastIndexOf("@");
  const hosts = authority.slice(at + 1).split(",");
  if (hosts.length > MOST_HOSTS) throw new RangeError(`more than ${MOST_HOSTS} hosts`);
  if (hosts.length > 1 && hosts.includes("")) throw new RangeError("a host of the address is empty");
  const parameters = new URLSearchParams(query);
  const wanted = parameters.get("target_session_attrs");
  if (wanted !== null && !SESSION_ATTRS.includes(wanted))
    throw new RangeError("target_session_attrs has to be read-write");
  parameters.delete("target_session_attrs");
  const rest = parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
  return hosts.map((host) => {
    const address = `${scheme}${authority.slice(0, at + 1)}${host}${rest}`;
    if (!URL.canParse(address)) throw new RangeError("a host of the address is malformed");
    return address;
  });
}
