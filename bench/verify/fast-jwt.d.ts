// What the measurement uses of its peer, so that the types of this folder are judged where the peer is not installed.

declare module "fast-jwt" {
  export interface VerifierOptions {
    readonly key: string;
    readonly algorithms: readonly string[];
    readonly allowedIss: string;
    readonly allowedAud: string;
    readonly cache: boolean | number;
  }
  export function createVerifier(options: VerifierOptions): (token: string) => Readonly<Record<string, unknown>>;
}
