// What a person can do about a refusal: by its code, and for each member of a body that was wrong what would have been right.

export interface WrongMember {
  /** RFC 6901. */
  readonly pointer: string;
  readonly code: string;
}

export function wrongIn({ pointer, code }: WrongMember): string {
  const member = pointer.slice(1);
  const name = member.replace(/^.*\/(?=[a-z])|\/\d+$/g, "");
  const form = code === "malformed" || code === "not_one_of" ? (FORMS.get(name) ?? spanForm(name)) : undefined;
  return `${member === "" ? "the body" : member}: ${code}${form === undefined ? "" : `, it has to be ${form}`}`;
}

const AN_AUDIENCE = "an absolute URI such as https://api.example";

/** What would have been right, of the members that are typed by hand. No object: a server may name a member like what every object has. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ["sid", "a session's id, as hallpass sessions search shows it"],
  ["jti", "the jti of an access token, as hallpass token inspect - shows it"],
  ["audiences", AN_AUDIENCE],
  ["audience", AN_AUDIENCE],
  ["ip", "an address, or a range that begins at its first one, like 203.0.113.0/24"],
  ["state", "active or ended"],
  ["kinds", "a kind of fact, such as session_opened"],
  ["jwks_uri", "an https address"],
  ["on_reuse", "session or family"],
  ["rotation", "always or off"],
  ["over_limit", "evict_oldest or refuse"],
]);

function spanForm(name: string): string | undefined {
  return name.endsWith("_s") ? "a whole number of seconds, such as 3600" : undefined;
}

export const HINTS: Readonly<Record<string, string>> = {
  invalid_client: "are these the credentials of this server? see HALLPASS_CREDENTIALS_FILE",
  invalid_scope: "this client is not registered for what the command needs",
  scope_missing: "this client is not registered for what the command needs",
  session_not_found: "find it with: hallpass sessions search --subject <subject>",
  client_exists: "ids are never reused, not even those of disabled clients",
  key_too_fresh: "wait until the next key has been published long enough, or say --force",
  verifiers_behind: "see who is waited for with: hallpass keys list; or say --force",
  signing_alg_unavailable: "hallpass keys add <alg> makes some; they sign when caches know them, minutes later",
  key_not_found: "see them with: hallpass keys list",
  cut_off_in_future: "name a position that hallpass verifiers or a receipt has shown, or a time that is past",
  token_not_genuine: "is it whole, and of this issuer? see what it is with: hallpass token inspect -",
  revocation_not_found: "receipts are kept for 30 days; see them with: hallpass revocations list",
  mandate_exceeded: "its mandate stands in: hallpass export; change it with: hallpass apply",
  mandate_too_wide: "nobody gives more than it has; its own mandate stands in: hallpass export",
  certificates_not_asked: "it needs HALLPASS_TLS_CLIENT_CA_FILE, and TLS of its own",
  client_certificate_misplaced: "one name of its certificate: --certificate dns:…, uri:…, ip:… or email:…",
  client_not_found: "see them with: hallpass clients list",
};
