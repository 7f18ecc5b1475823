import { hallpass } from "@hallpass/verifier/next";
import { verifier } from "../../../verifier.js";

/** One note; deleting them asks for a recent sign-in. What Next hands over comes as the third argument. */
export const DELETE = hallpass(verifier, { scope: ["write"], maxAuthAge: 300 }, async (_request, { subject }, { params }) => {
  const { id } = await params;
  return Response.json({ subject, deleted: id });
});
