import type { Reviewed } from "../reviewed.ts";

export const VERIFIER: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A check for the compiler, of what can't be where it stands: what was read before it, or what follows, decides the same.",
    lines: {
      "claims-schema.ts": [
        'if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;',
      ],
      "decision.ts": [
        'if (typeof read === "string" || untrusted !== undefined) {',
        'return rejected(untrusted ?? "unknown_key");',
        'verdict.kind === "unavailable" &&',
        'if (known === undefined || keys.salt !== salt) return "stale";',
      ],
      "ended.ts": ["same?.delete(watched);"],
      "judge.ts": [
        'return verdict.kind === "rejected" && (verdict.code === "outdated" || verdict.code === "older_epoch");',
        'if (nbf !== undefined && nbf * 1000 > now + skew * 1000) return "not_yet_valid";',
      ],
      "key-set.ts": ["const older = this.#version !== undefined && frame.version < this.#version;"],
      "lease.ts": ["if (oldest.done !== true) this.#sent.delete(oldest.value);"],
    },
  },
  {
    why: "equivalent",
    reason:
      "A quicker way beside one that answers the same: it may be taken more often, less often or never, and only the time differs.",
    lines: {
      "ended.ts": ["if (this.#unjudged.size === 0) {", "this.#unjudged.delete(watched);"],
      "judge.ts": [
        "if (token.clearAt === known.revision) return undefined;",
        "if (taken === undefined) token.clearAt = known.revision;",
      ],
      "key-set.ts": [
        "if (asked) return opened;",
        "asked = true;",
        "if (opened instanceof Promise) void opened.then((key) => (opened = key));",
      ],
      "match-index.ts": [
        "else if (held !== item) this.#buckets.set(bucket, new Set([held, item]));",
        "if (this.#items.size === 0) return [];",
        'case "client":',
        'case "tenant":',
        'case "epoch":',
        "if (keys.hasSid) visit(bucketOf(words, keys.sidAt));",
        "if (keys.jtiIsCode) visit(bucketOf(words, keys.jtiAt));",
      ],
    },
  },
  {
    why: "equivalent",
    reason: "A body that ends without `return` gives undefined, as it does with it.",
    lines: { "key-set.ts": ["} catch {"] },
  },
  {
    why: "accepted",
    reason:
      "How much is kept at most, or that something empty is kept no longer: one more or one less changes no answer.",
    lines: {
      "activity.ts": [
        "if (this.#noted.length > MOST_KEPT) this.#keepOnly(this.#noted.slice(MAX_ACTIVITY));",
        "if (this.#bySession.get(pair[0]) === undefined && this.#noted.length < MOST_KEPT) this.#add(pair);",
      ],
      "ended.ts": ["if (same?.size === 0) this.#bySecond.delete(second);"],
      "match-index.ts": [
        "if (held === item || (held instanceof Set && held.size === 0)) this.#buckets.delete(bucket);",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "A check for the compiler, of what can't be where it stands, or one of two of which either decides the same.",
    lines: {
      "feed-client.ts": ['this.#url = feedUrl(deps.settings.issuer).replace(/^http/, "ws");'],
      "feed-connection.ts": [
        'this.#synced ||= frame.type === "snapshot" && frame.last;',
        "if (!leave) this.#ping();",
        'if (answer === "granted" && ping !== undefined) onLease(frame.time - (ping.at.wall + ports.clock.now()) / 2);',
        "if (this.#over) return;",
        "this.#cancelTick();",
        "...(region === undefined ? {} : { region }),",
      ],
      "fetch-post.ts": ["if (chunks.length === 1 && only !== undefined) return only;"],
      "held-bearer.ts": ["if (this.#held !== undefined && left > LEAST_LIFE_MS) return this.#held;"],
      "knowledge.ts": [
        'if (event.type === "snapshot" && event.part === 1) this.#startGathering();',
        'if (at === undefined || this.keys.version === undefined) return "nothing";',
        'if (answer === "granted" && ping !== undefined) this.lease.grant(ping.at);',
        'return event.type === "snapshot" ? (event.rows ?? []) : [];',
      ],
      "node-credentials.ts": [
        "rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);",
      ],
      "view.ts": [
        'if (rest.state === "empty" || (rest.state === "lost" && rest.why === "unknown_kind")) return null;',
        'const expected = view.state === "gathering" ? view.nextPart : 1;',
        'const unknown = part.unknownKinds.length > 0 || (!first && view.state === "gathering" && view.unknown);',
        'const lost: Resting = { state: "lost", held, why: "unknown_kind" };',
        'if (rest.state === "empty") return lose(rest, "gap");',
      ],
    },
  },
  {
    why: "equivalent",
    reason: "What is gathered is begun anew before anything is gathered, so that nobody reads what was there before.",
    lines: {
      "knowledge.ts": [
        "#gatheredNotices: Notice[] = [];",
        "#gatheredRows: NoticeRows[] = [];",
        'case "keep":',
        "[this.#gatheredNotices, this.#gatheredRows] = [[], []];",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "A quicker way, or a larger room from the beginning: the same is found without it, and looked at again once more.",
    lines: {
      "knowledge.ts": ["if (step.notices.length > 0) this.#revision += 1;"],
      "late-index.ts": [
        "#heads = new Int32Array(FIRST_LINKS * 2);",
        "#links = new Int32Array(FIRST_LINKS * 3);",
        "if (this.#links[from] === bucket && item !== undefined) found.push(item);",
      ],
      "memory.ts": ["if (this.size === 0) return 0;"],
    },
  },
  {
    why: "accepted",
    reason:
      "Chains grow longer, which costs time only, until far more tokens are held than a test of milliseconds adds.",
    lines: { "late-index.ts": ["this.#heads = new Int32Array(this.#heads.length * 2);"] },
  },
  {
    why: "equivalent",
    reason:
      "A member that is undefined is as good as one that is not there: it is written nowhere, and compared with nothing.",
    lines: {
      "reply.ts": [
        "body: JSON.stringify(verdict.error === undefined ? {} : { error: verdict.error }),",
        "...(acr === undefined ? {} : { requireAcr: acr }),",
      ],
      "requirements.ts": [
        "if (requireAcr !== undefined || maxAuthAge !== undefined) {",
        "const known = requireAcr === undefined || (claims.acr !== undefined && requireAcr.includes(claims.acr));",
        "const recent = maxAuthAge === undefined || !(ageOfSignIn(claims, now) > (maxAuthAge + skewSeconds) * 1000);",
      ],
      "token-reader.ts": [
        "return deps.schema === undefined",
        "const remembered = shown === undefined ? read : { ...read, ...asShown(shown) };",
      ],
      "traced.ts": ["if (span !== undefined) void finish(span, verdict, crypto);", "} catch {"],
    },
  },
  {
    why: "equivalent",
    reason: "A check of the type in front of one that refuses every other type, too, or of what can't be written so.",
    lines: {
      "options.ts": [
        'return typeof value === "string" && /^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$/.test(value) && isIssuer(value);',
        'typeof name === "string" &&',
        'origins.every((origin) => typeof origin === "string" && URL.canParse(origin) && new URL(origin).origin === origin)',
        'return typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;',
      ],
      "public-jwk.ts": [
        'if (typeof alg !== "string" || !isSigningAlg(alg) || (use !== undefined && use !== "sig") || "d" in jwk)',
      ],
      "resource-metadata.ts": ['return typeof value === "string" && SCOPE.test(value) && value !== "offline_access";'],
      "token-keys.ts": [
        "for (let index = 0; index < text.length; index += 1) {",
        "word = (word << 4) | (code < 0x3a ? code - 0x30 : code - 0x57);",
      ],
      "platform-crypto.ts": [
        "for (let at = 0; at < digest.length; at += 1) digest[at] = text.charCodeAt(at);",
        'return node.verify("sha256", Buffer.from(signingInput, "latin1"), key, derOf(signature));',
        'return node.verify(digest, Buffer.from(signingInput, "latin1"), key, signature);',
        'const digest = alg === "RS256" ? "sha256" : null;',
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "A quicker way beside one that answers the same, or what is remembered so that the way is quick: only the time differs.",
    lines: {
      "request.ts": [
        "return authorization.length === 1 && header?.startsWith(BEARER) === true ? header.slice(BEARER.length) : undefined;",
      ],
      "token-keys.ts": [
        "if (this.#used + length > this.#sheet.length) {",
        "if (writeAscii(value, bytes, this.#head.length)) return this.#crypto.sha256(bytes);",
        "function writeAscii(text: string, into: Uint8Array, at: number): boolean {",
        "if (code > 0x7f) return false;",
        "return true;",
      ],
      "token-reader.ts": [
        'if (token.length > MAX_ACCESS_TOKEN_LENGTH) return "malformed_token";',
        "if (deps.headers.size < MOST_HEADERS) deps.headers.set(parts.header, header);",
        "if (deps.keyMaker?.salt !== salt) deps.keyMaker = new KeyMaker(deps.crypto, salt);",
      ],
    },
  },
  {
    why: "accepted",
    reason: "Sentences for whoever reads the error: a test asserts that there is one, and for which key.",
    lines: {
      "options.ts": [
        'super(`verifier options: ${problems.join("; ")}`);',
        'issuer: [isIssuer, "an https address without query or fragment (http only on a loopback host)", true],',
        'audience: [(value) => isText(value, 512), "a text of 1 to 512 characters", true],',
        'service: [isName, "1 to 128 printable ASCII characters"],',
        'region: [isName, "1 to 128 printable ASCII characters"],',
        'instance: [isName, "1 to 128 printable ASCII characters, unique to the process"],',
        "`whole milliseconds from ${MIN_STALENESS_MS} to ${MAX_STALENESS_MS}`,",
        '"unavailable, introspect or accept",',
        'claims: [isClaimsSchema, "a schema that speaks Standard Schema, version 1"],',
        'resourceMetadata: [isResource, "an https address without query or fragment (http only on a loopback host)"],',
        'tracer: [(value) => isObject(value) && typeof value["startSpan"] === "function", "an OpenTelemetry Tracer"],',
        'rememberedTokens: [(value) => isWhole(value, 2, 10_000_000), "a whole number from 2 to 10,000,000"],',
      ],
      "resource-metadata.ts": [
        'const address = "an https address without query or fragment (http only on a loopback host)";',
        "if (!isResource(resource)) problems.push(`resource: give ${address}`);",
        "problems.push(`authorizationServers: give at least one issuer, each ${address}`);",
        'problems.push("scopes: give scopes of RFC 6749, without offline_access");',
        'if (documentation !== undefined && !URL.canParse(documentation)) problems.push("documentation: give an address");',
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "Platforms without node:crypto or node:http are no part of these tests: Bun, Deno and workerd are tried beside them.",
    lines: {
      "node-post.ts": ['if (navigator?.userAgent?.startsWith("Node.js/") !== true) return undefined;'],
    },
  },
  {
    why: "equivalent",
    reason:
      "What is thrown there instead is caught, and the answer is the same: the question failed, or the promise rejects.",
    lines: {
      "session-tokens.ts": [
        "const body = await ports.introspect?.(token);",
        "const claims = body === undefined ? undefined : claimsIn(body, token, reader);",
        'if (claims === undefined) return { kind: "failed" };',
        "if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;",
        "if (claims?.sid === undefined) return undefined;",
        "return bytes === undefined ? undefined : bytesToUuid(bytes.subarray(0, 16));",
      ],
      "pull-client.ts": ['if (ports.pull === undefined) throw new Error("this verifier can\'t pull");'],
      "runtime.ts": ["const answer = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};"],
    },
  },
  {
    why: "equivalent",
    reason: "Nobody compares with this value, or any other number tells the change as well.",
    lines: {
      "session-tokens.ts": ["this.#forgotten += 1;", 'return { kind: "active", read, asked };'],
      "pull-client.ts": [".catch(() => false)"],
    },
  },
  {
    why: "equivalent",
    reason: "A case that can't be where it stands: it is refused before, or lies outside of what is written.",
    lines: {
      "packed-rows.ts": [
        "default:",
        'throw new TypeError("rows of no kind were not read by unpackNotices");',
        "for (let found = words.indexOf(last); found >= 0; found = words.indexOf(last, found + 1)) {",
        "for (let word = 0; word < 4; word += 1) into[word] = wordAt(keys, row * KEY_BYTES + word * 4);",
      ],
      "pull-client.ts": ["else if (sent !== undefined) {"],
    },
  },
  {
    why: "accepted",
    reason:
      "How much is kept at most, and at which fraction of a millisecond it is over: an age with its drift is hardly ever a whole number.",
    lines: {
      "session-tokens.ts": [
        "return ageOf(found.said.asked, now.wall, now.mono) < found.said.forMs ? found : undefined;",
        'return no !== undefined && ageOf(no, now.wall, now.mono) < NO_FOR_MS ? "inactive" : undefined;',
        "if (said.forMs > 0 && before === this.#forgotten) this.memory.keep(token, read);",
        "if (oldest.done !== true) this.#noes.delete(oldest.value);",
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "Another kind of machine, platform or process: another order of bytes, one without `unref`, one that tells a failed upgrade by an error alone, one that ends or does not.",
    lines: {
      "packed-rows.ts": [
        "const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;",
        "if (!LITTLE_ENDIAN) return word;",
      ],
      "runtime.ts": [
        'if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")',
        "timer.unref();",
        "socket.onerror = () => {",
        "if (socket.readyState === Socket.CLOSED) finish(1006);",
        'else onText(typeof data === "string" ? data : "");',
      ],
    },
  },
];
