import { createVerifier } from "@hallpass/verifier";

const verifier = createVerifier({
  issuer: "https://auth.example",
  audience: "https://orders.example",
  credentials: { clientId: "orders", clientSecret: process.env["ORDERS_SECRET"] ?? "" },
});

export async function answer(request: Request): Promise<Response> {
  const verdict = await verifier.verify(request, { requireScope: ["orders:read"] });
  switch (verdict.kind) {
    case "accepted":
      return Response.json({ hello: verdict.subject });
    case "rejected": // 401 or 403
      return new Response(null, { status: verdict.status, headers: { "www-authenticate": verdict.challenge } });
    case "unavailable": // it can't know, and says so
      return new Response(null, { status: 503, headers: { "retry-after": String(verdict.retryAfter) } });
  }
}
