// Whose a request is: the host that it names chooses the tenant whose issuer has that host. Every other host is the default tenant's, as it
// was before there were others. Choosing wrong lets nobody in: a tenant's tokens name its issuer, and its keys open nothing elsewhere.

export interface TenantAt<T> {
  readonly issuer: string;
  readonly tenant: T;
}

/** `host` is the Host header, or null where there is none. */
export function byHost<T>(ofDefault: T, others: readonly TenantAt<T>[]): (host: string | null) => T {
  const places = new Map(others.map(({ issuer, tenant }) => [new URL(issuer).host, tenant]));
  const schemes = [...new Set(others.map(({ issuer }) => new URL(issuer).protocol))];
  return (host) => {
    if (places.size === 0 || host === null) return ofDefault;
    const known = places.get(host);
    if (known !== undefined) return known;
    // Other spellings of the same: capitals, and the port that the scheme implies.
    for (const scheme of schemes) {
      const url = `${scheme}//${host}`;
      const tenant = URL.canParse(url) ? places.get(new URL(url).host) : undefined;
      if (tenant !== undefined) return tenant;
    }
    return ofDefault;
  };
}
