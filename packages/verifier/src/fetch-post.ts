// A question to the issuer through the platform's fetch, or the app's own.

/** The app's own instead of the platform's: one with a proxy, or with certificates of its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Bytes; more is no answer. */
  readonly longest: number;
  /** When the asker has waited long enough. */
  readonly signal: AbortSignal;
  /** Called once the question is on its way, where the platform tells. */
  readonly sent?: (() => void) | undefined;
}

export interface PostReply {
  readonly status: number;
  /** The media type, as the header says it. */
  readonly type: string | null;
  /** Read where the status is 200; otherwise empty. */
  readonly bytes: Uint8Array;
}

/** Rejects when there is no answer before the signal, or one that is too long. Follows no redirect: a secret goes to the issuer or nowhere. */
export type Post = (question: Question) => Promise<PostReply>;

export function fetchPost(ask: Fetch): Post {
  return async ({ url, headers, body, longest, signal }) => {
    const response = await ask(url, {
      method: "POST",
      headers,
      body,
      // `manual`, because workers know no `error`; a 3xx is as good as any status but 200.
      redirect: "manual",
      signal,
    });
    const { status } = response;
    const type = response.headers.get("content-type");
    if (status === 200) return { status, type, bytes: await readShort(response, longest) };
    await response.body?.cancel();
    return { status, type, bytes: new Uint8Array(0) };
  };
}

/** Throws for what is no UTF-8. */
export function textOf({ bytes }: PostReply): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

async function readShort(response: Response, longest: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > longest) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return joined(chunks, length);
}
