// Every rule, in the order in which they are best understood.

import type { Rule } from "../rule.ts";
import { absence } from "./absence.ts";
import { atomicity } from "./atomicity.ts";
import { batches } from "./batches.ts";
import { closing } from "./closing.ts";
import { comparing } from "./comparing.ts";
import { cutOffs } from "./cut-offs.ts";
import { drop } from "./drop.ts";
import { durability } from "./durability.ts";
import { facts } from "./facts.ts";
import { lists } from "./lists.ts";
import { marks } from "./marks.ts";
import { order } from "./order.ts";
import { racing } from "./racing.ts";
import { refs } from "./refs.ts";
import { roundTrip } from "./round-trip.ts";
import { tenants } from "./tenants.ts";
import { time } from "./time.ts";

export const rules: readonly Rule[] = [
  ...roundTrip,
  ...absence,
  ...atomicity,
  ...comparing,
  ...racing,
  ...order,
  ...marks,
  ...cutOffs,
  ...time,
  ...refs,
  ...lists,
  ...facts,
  ...drop,
  ...tenants,
  ...batches,
  ...durability,
  ...closing,
];
