export interface Judging {
  /** PEM. */
  readonly publicKey: string;
  readonly issuer: string;
  readonly audience: string;
}

type Claims = Readonly<Record<string, unknown>>;

export function fastJwtVerifier(judging: Judging & { readonly cache: boolean | number }): (token: string) => Claims;
export function joseVerifier(judging: Judging): Promise<(token: string) => Promise<Claims>>;
export function jsonwebtokenVerifier(judging: Judging): (token: string) => Claims;
/** Of a private key in PEM. */
export function fastJwtSigner(privateKey: string): (claims: Claims) => string;
export function joseSigner(privateKey: string): Promise<(claims: Claims) => Promise<string>>;
export function jsonwebtokenSigner(privateKey: string): (claims: Claims) => string;
