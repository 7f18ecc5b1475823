// The table of contents: the words on the wire. What it owns and what to read first stands in README.md.

export {
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
  type Actor,
  DEFAULT_SKEW_SECONDS,
  MAX_ACCESS_TOKEN_LENGTH,
  MAX_ANCESTORS,
  MAX_AUDIENCES,
  MAX_ISSUED_ACCESS_TOKEN_LENGTH,
  MAX_SKEW_SECONDS,
  newReadLists,
  parseAccessTokenClaims,
  RESERVED_CLAIMS,
  type ReadLists,
} from "./access-token-claims.ts";
export {
  type BasicHeader,
  type BearerHeader,
  MAX_AUTHORIZATION_LENGTH,
  parseBasic,
  parseBearer,
} from "./authorization-header.ts";
export { decodeBase64url, decodeBase64urlInto, encodeBase64url, isBase64url } from "./base64url.ts";
export { type BearerChallenge, type BearerError, bearerChallenge } from "./bearer-challenge.ts";
export {
  type CompactJws,
  type CompactJwsRefusal,
  JWS_LIMITS,
  type JwsHeader,
  type JwsLimits,
  type JwsParts,
  MAX_KID_LENGTH,
  MAX_PAYLOAD_DEPTH,
  MAX_PAYLOAD_MEMBERS,
  type ParsedJwsHeader,
  type ParsedJwsPayload,
  type ParsedJwsSignature,
  parseCompactJws,
  parseJwsHeader,
  parseJwsPayload,
  parseJwsSignature,
  type SplitJws,
  splitCompactJws,
} from "./compact-jws.ts";
export { cookieValues, isOwnPage, isSafeMethod, type PageOfOrigin, withoutBlanks } from "./cookie-credential.ts";
export { crc32 } from "./crc32.ts";
export * from "./feed-words.ts";
export { type Form, type FormLimits, type FormRefusal, type ParsedForm, parseForm } from "./form.ts";
export { isMediaType } from "./media-type.ts";
export {
  cutOffOf,
  type Matchable,
  type Notice,
  type NoticeKind,
  noticeFromWire,
  noticeMatches,
  noticeToWire,
  type Taking,
  takingFromWire,
} from "./notice.ts";
export {
  CLIENT_SECRET_LENGTH,
  CLIENT_SECRET_PREFIX,
  formatClientSecret,
  formatSessionToken,
  parseClientSecret,
  parseSessionToken,
  SESSION_TOKEN_LENGTH,
  SESSION_TOKEN_PREFIX,
} from "./opaque.ts";
export * from "./packed-frames.ts";
export {
  type NoticeRows,
  noticesOfRows,
  PACKED_KINDS,
  type Packing,
  packNotices,
  type StoredBody,
  unpackNotices,
} from "./packed-notices.ts";
export { comparePositions, formatPosition, isBefore, type Position, parsePosition } from "./position.ts";
export { formatPrefixed, parsePrefixed } from "./prefixed-text.ts";
export * from "./receipt.ts";
export {
  encodeRefreshPayload,
  formatRefreshToken,
  parseRefreshToken,
  REFRESH_MAC_LENGTH,
  REFRESH_PAYLOAD_LENGTH,
  REFRESH_TOKEN_PREFIX,
  type RefreshTokenParts,
  type RefreshTokenPayload,
} from "./refresh-token.ts";
export { formatScope, MAX_SCOPE_LENGTH, MAX_SCOPE_TOKENS, parseScope, scopeIsSubset } from "./scope.ts";
export * from "./server-frames.ts";
export { DEFAULT_SIGNING_ALG, isSigningAlg, SIGNING_ALGS, type SigningAlg } from "./signing-alg.ts";
export {
  isJsonObject,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  parseStrictJsonBytes,
  type StrictJson,
  type StrictJsonRefusal,
} from "./strict-json.ts";
export { TextTable } from "./text-table.ts";
export { bytesToUuid, isUuid, uuidToBytes, uuidv7 } from "./uuid.ts";
export * from "./verifier-frames.ts";
