// Keeps out whoever is not signed in, before anything of the app runs. The routes ask again, and for more.

import { hallpassProxy } from "@hallpass/verifier/next";
import { verifier } from "./verifier.js";

export const proxy = hallpassProxy(verifier);

export const config = { matcher: ["/notes/:path*"] };
