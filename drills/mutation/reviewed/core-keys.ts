import type { Reviewed } from "../reviewed.ts";

/** Of core's keys, clients, kernel, audit and journal. */
export const CORE_KEYS: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A check for the compiler, of what can't be where it stands: what was read before it, or what follows, refuses or decides the same.",
    lines: {
      "clients/authenticate.ts": [
        "if (!proofFits(client, credentials, fitting) || row === undefined || client === undefined) return undefined;",
        "if (client !== undefined) mac.secrets.set(namedMark(id), { kid: one.kid, hash: one.hash, mark });",
        "return client === undefined ? undefined : fitting;",
      ],
      "audit/audit-reader.ts": [
        'if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))',
        'else if (name === "by" && typeof value === "object" && value !== null && !Array.isArray(value)) {',
        'if (fact.kind !== "session_opened" || fact.session === null) return [];',
      ],
      "audit/verify-chain.ts": [
        'if (entry?.persons?.[person.name] !== commitmentTo(person)) faults.push({ n, fault: "person_changed" });',
        'const [header = "", payload = "", signature = "", more] = jws.split(".");',
        'return typeof value === "object" && value !== null && !Array.isArray(value)',
        "const hash = n === from - 1 ? before : records[n - from]?.hash;",
        'if (more !== undefined || key === undefined || head?.["typ"] !== CHECKPOINT_TYPE) return undefined;',
        "if (payload === undefined) return undefined;",
        "if (kind === undefined || kind.type !== opened.asymmetricKeyType) return undefined;",
      ],
      "journal/replay-journal.ts": [
        "return this.#madeAt !== null && afterMs(at, DECIDED_WITHIN) < this.#madeAt;",
        'if (raise !== true || place === "counted" || row === undefined) return [];',
      ],
      "clients/client-keys.ts": ["return one !== undefined && JSON.stringify(one) === JSON.stringify(other);"],
      "keys/change-ring.ts": [
        "const { active, next } = (alg === undefined ? undefined : keySetOf(ring, alg)) ?? ring.signing;",
      ],
      "keys/create-key-ring.ts": ['if (first === undefined) throw unreadable("there are no keys yet");'],
      "keys/key-set.ts": ['if (key.state !== "retiring" || !isExpired(key, now, policy)) return refuse("key_state");'],
      "keys/open-key.ts": [
        "const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;",
        'return kty === "RSA" && e !== undefined && n !== undefined && bits >= RSA_BITS ? { e, kty, n } : undefined;',
        'return kty === "OKP" && crv === "Ed25519" && x !== undefined ? { crv, kty, x } : undefined;',
      ],
      "keys/ring-row.ts": [
        'if (typeof kid !== "number" || !Number.isSafeInteger(kid) || kid < FIRST_SECRET_KID) {',
        'if (typeof kid !== "number" || !Number.isInteger(kid) || kid < 1 || kid > 255)',
        'if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)',
      ],
      "keys/signing.ts": [
        'if (kty !== "EC" || crv !== CURVE || x === undefined || y === undefined) throw unreadable("no P-256 key");',
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "A sentence for who looks after the server, in the cause of a fault: no test may assert it, and the fault's code is asserted.",
    lines: {
      "keys/change-ring.ts": ['if (row === undefined) throw unreadable("there are no keys yet");'],
      "keys/create-key-ring.ts": [
        'if (row === undefined) throw unreadable("there are no keys yet");',
        'if (opened.kid !== key.kid) throw unreadable("a key does not have the thumbprint that it is kept under");',
        'if (key.symmetricKeySize !== 32) throw unreadable("a MAC key does not have 32 bytes");',
      ],
      "keys/envelope.ts": [
        "if (fitting === undefined) throw unreadable(`sealed under the key-encryption key ${id}; this one is ${kek.id}`);",
        'throw new Fault("keys_unreadable", { cause });',
        'throw unreadable("an envelope is malformed");',
        'return new Fault("keys_unreadable", { cause: new Error(reason) });',
      ],
      "keys/open-key.ts": [
        "if (members === undefined) throw unreadable(`no private key for ${alg}`);",
        'throw unreadable("no private key");',
      ],
      "keys/ring-row.ts": [
        'if (!parsed.ok || !isJsonObject(parsed.value)) throw unreadable("the row of the keys is no JSON object");',
        'if (v !== FORMAT) throw unreadable("the row of the keys has a version that this release does not know");',
        'if (new Set(kids).size !== kids.length) throw unreadable("two keys have the same kid");',
        'throw unreadable("keys have an algorithm that this release does not know");',
        'if (id === undefined) throw unreadable("a trial names no client");',
        'if (typeof percent !== "number" || !isShare(percent)) throw unreadable("a trial has no share");',
        'throw unreadable("a compromised key was in a state that this release does not know");',
        'throw unreadable("a key has a state that this release does not know");',
        'throw unreadable("there is not exactly one active and one next key");',
        'if (first === undefined) throw unreadable("there is no MAC key");',
        'if (kids.size !== rows.length) throw unreadable("two MAC keys have the same kid");',
        'throw unreadable("a MAC key has no kid");',
        'throw unreadable("a key for secrets has no kid");',
        'if (current === undefined) throw unreadable("there is no key for secrets");',
        'if (new Set(rows.map((row) => row["kid"])).size !== rows.length) throw unreadable("two keys have the same kid");',
        'if (!Array.isArray(value) || !value.every(isJsonObject)) throw unreadable("a list of keys is missing");',
        'if (typeof value !== "string" || value === "") throw unreadable("a text of a key is missing");',
        'throw unreadable("a time of a key is missing");',
      ],
      "keys/ring.ts": ["if (signer === undefined) throw unreadable(`there are no keys of ${token.alg}`);"],
      "keys/signing.ts": ['throw unreadable("no private key");'],
    },
  },
  {
    why: "equivalent",
    reason: "It spares work and changes no answer: what is remembered is made anew, or kept once more.",
    lines: {
      "clients/client-row.ts": [
        "if (row.parsed?.value !== row.value) row.parsed = { value: row.value, as: parse(row) };",
      ],
      "kernel/ids.ts": ["if (text.length === 0 || text.length > 255 || CONTROL.test(text)) return undefined;"],
      "kernel/mac.ts": [
        "const starts: (Buffer | undefined)[] = Array.from({ length: PLACE + 1 });",
        "const message = length <= PLACE ? inside : Buffer.allocUnsafe(length);",
        'if (code > LAST_ASCII) return macText(key, "", [Buffer.from(text), ...pieces]);',
      ],
      "keys/seen.ts": [
        "if (kept !== undefined) this.#keep(hashed, kept);",
        "if (this.#recent.size >= MOST) [this.#older, this.#recent] = [this.#recent, new TextTable()];",
        'return text === "" ? "" : Buffer.from(text).toString();',
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "The same in the end: a value that nothing is equal to for another such value, a default for what was named, nothing for what is absent, one that is equal for its equal, a row that nobody looks at, a byte that is written beyond an array or again.",
    lines: {
      "journal/journal-entry.ts": ["else if (comparePositions(committed.pos, reaches) > 0) {"],
      "journal/replay-journal.ts": [
        "const replay = new Replay(store, (await store.read([])).head.pos, madeAt);",
        'const place = committed === null ? "unknown" : isLater ? "beyond" : "counted";',
        'return [{ key, expect: row?.version ?? "absent", next, ...(raise === true ? { raise } : {}) }];',
      ],
      "clients/authenticate.ts": ['const NOTHING_SEEN: FittingSecret = { kid: -1, hash: "", mark: "" };'],
      "keys/create-key-ring.ts": [
        "const derived: { readonly kid: number; readonly info: string; readonly bytes: Uint8Array }[] = [];",
      ],
      "keys/envelope.ts": [
        'const cipher = createCipheriv("aes-256-gcm", kek.key, iv, { authTagLength: TAG_LENGTH });',
        'const decipher = createDecipheriv("aes-256-gcm", fitting.key, iv, { authTagLength: TAG_LENGTH });',
      ],
      "keys/key-set.ts": ['return "fresh" in event ? [event.fresh].flat() : [];'],
      "keys/seen.ts": [
        'return { open: "", hash: name };',
        "return { open: text.slice(0, at), hash: secretMark(text.slice(at)) };",
      ],
      "keys/signing.ts": ['return Buffer.from(text, "latin1");'],
      "kernel/mac.ts": [
        "for (let at = 0; at < DIGEST; at += 1) {",
        "shown[at] = at < mac.length ? (mac[at] ?? 0) : 0;",
        "for (let at = 0; at < BLOCK; at += 1) {",
        "const byte = at < key.length ? (key[at] ?? 0) : 0;",
        "for (let at = 0; at < DIGEST; at += 1) outside[BLOCK + at] = inner.charCodeAt(at);",
        "for (let at = 0; at < length; at += 1) bytes[at] = text.charCodeAt(at);",
      ],
      "kernel/time.ts": [
        "return others.reduce((least, at) => (at < least ? at : least), first);",
        "return others.reduce((most, at) => (at > most ? at : most), first);",
      ],
      "keys/ring-row.ts": [
        'case "active":',
        "...(ring.further.length === 0 ? {} : { further: ring.further.map(furtherToRow) }),",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Bytes that are never so: half of a signature is no row of zeros, for OpenSSL refuses those numbers, and what is sealed is never empty.",
    lines: {
      "keys/der-signature.ts": ["while (first < digits.length - 1 && digits[first] === 0) first += 1;"],
      "keys/envelope.ts": [
        "if (bytes === undefined || bytes.length < HEADER_LENGTH + TAG_LENGTH || bytes[0] !== FORMAT) {",
      ],
    },
  },
  {
    why: "equivalent",
    reason: "A body that ends without `return` gives undefined, as it does with it.",
    lines: { "audit/verify-chain.ts": ["} catch {"] },
  },
  {
    why: "accepted",
    reason: "Only how long it takes: a hash that is compared with nobody's takes as long as a client's own.",
    lines: { "clients/authenticate.ts": ['const NO_HASH = "A".repeat(43);'] },
  },
  {
    why: "accepted",
    reason: "Far above what any row has: the bounds keep a spoilt row from costing more than its own length.",
    lines: {
      "keys/ring-row.ts": ["const LIMITS = { maxLength: 4_194_304, maxDepth: 5, maxMembers: 200_000 };"],
    },
  },
  {
    why: "accepted",
    reason:
      "A change without a notice that has seen notices which the journal lacks: it is not asked for gaps. They show as what came after the last line does, when a verifier presents its cursor (POS-8).",
    lines: { "journal/journal-entry.ts": ["if (notices === 0) continue;"] },
  },
  {
    why: "accepted",
    reason: "Who opens a ring only to look at it counts no signatures, and makes none.",
    lines: { "keys/create-key-ring.ts": ["count: Count = () => () => {},"] },
  },
];
