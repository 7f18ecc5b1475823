// What is measured at the door: who is under way and who was turned away, by lane. Of the whole server, on the default tenant's page.

import { Counter, Gauge, type Registry } from "prom-client";
import type { Lane } from "../host/admission.ts";

export function addAdmissionMetrics(registry: Registry, { lanes }: { readonly lanes: readonly Lane[] }): void {
  const registers = [registry];
  const labelNames = ["lane"];
  const turnedAway: Counter = new Counter({
    name: "hallpass_requests_turned_away_total",
    help: "Requests that were answered 503 at the door because their lane was full, by lane; of the lane waits, requests whose answer was to wait and had to be given at once, or was 503.",
    labelNames,
    registers,
    collect: () => {
      turnedAway.reset();
      for (const lane of lanes) turnedAway.inc({ lane: lane.name }, lane.turnedAway);
    },
  });
  const gauge = (name: string, help: string, of: (lane: Lane) => number): void => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect: () => {
        for (const lane of lanes) one.set({ lane: lane.name }, of(lane));
      },
    });
  };
  gauge("hallpass_requests_under_way", "Requests that have a place, by lane.", (lane) => lane.underWay);
  gauge(
    "hallpass_request_places",
    "Places that a lane has now; those of traffic become fewer under overload.",
    (lane) => lane.places,
  );
}
