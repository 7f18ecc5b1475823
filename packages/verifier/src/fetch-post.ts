// A question to the issuer through the platform's fetch, or the app's own.

/** The app's own instead of the platform's: one with a proxy, or with certificates of its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Characters or bytes; more is no answer. */
  readonly longest: number;
  /** When the asker has waited long enough. */
  readonly signal: AbortSignal;
}

export interface PostReply {
  readonly status: number;
  /** Read where the status is 200; otherwise empty. */
  readonly text: string;
}

/** Rejects when there is no answer before the signal, or one that is too long or no UTF-8. Follows no redirect: a secret goes to the issuer or nowhere. */
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
    if (response.status === 200) return { status: 200, text: await readShort(response, longest) };
    await response.body?.cancel();
    return { status: response.status, text: "" };
  };
}

async function readShort(response: Response, longest: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > longest) throw new Error("the answer is too long");
  }
  return text + decoder.decode();
}
