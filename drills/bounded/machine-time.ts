// The one clock that all processes of a machine share.

/** Milliseconds of the machine's monotonic clock, exact to a microsecond. */
export function machineTime(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** The machine's wall clock minus its monotonic one: the largest difference of many readings, since the wall clock shows whole milliseconds. */
export function wallAhead(): number {
  const end = machineTime() + 30;
  let most = Number.NEGATIVE_INFINITY;
  while (machineTime() < end) most = Math.max(most, Date.now() - machineTime());
  return most;
}
