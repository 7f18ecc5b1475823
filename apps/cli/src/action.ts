// How a command of the list gets what it does.

import type { Command } from "commander";
import type { Context, Outcome } from "./context.ts";

export type Action = (context: Context, options: never, args: readonly string[]) => Promise<Outcome | undefined>;
/** Gives a command its action. */
export type On = (command: Command, action: Action) => void;
