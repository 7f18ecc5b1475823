// The one name of a certificate by which a client is known (RFC 8705 section 2.1.2). Who vouches for the certificate is for the host to say.

export type CertificateNameKind = "san_dns" | "san_uri" | "san_ip" | "san_email";

/** In the one spelling by which names are compared: what makes them sees to it. */
export interface CertificateName {
  readonly kind: CertificateNameKind;
  readonly value: string;
}

export function shows(shown: readonly CertificateName[] | undefined, name: CertificateName | undefined): boolean {
  return name !== undefined && shown?.some(({ kind, value }) => kind === name.kind && value === name.value) === true;
}
