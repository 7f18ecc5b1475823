import { hallpass } from "@hallpass/verifier/next";
import { verifier } from "../../verifier.js";

const notes = new Map();

export const GET = hallpass(verifier, { scope: ["read"] }, (_request, { subject }) =>
  Response.json(notes.get(subject) ?? []),
);

export const POST = hallpass(verifier, { scope: ["write"] }, async (request, { subject }) => {
  notes.set(subject, [...(notes.get(subject) ?? []), await request.text()]);
  return new Response(null, { status: 201 });
});
