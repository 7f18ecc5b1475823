// The most urgent of many, without sorting all of them.

/**
 * At most `most` of them, the most urgent first, and equals in the order in which they were given. One whose urgency is undefined is never among
 * them. Sorts no more than twice `most` at a time.
 */
export function mostUrgent<One>(
  all: Iterable<One>,
  urgencyOf: (one: One) => number | undefined,
  most: number,
): readonly One[] {
  let kept: Ranked<One>[] = [];
  // What is no more urgent than the last of a full list comes after it.
  let above = Number.NEGATIVE_INFINITY;
  for (const one of all) {
    const urgency = urgencyOf(one);
    if (urgency === undefined || urgency <= above) continue;
    kept.push({ one, urgency });
    if (kept.length < 2 * most) continue;
    kept = first(kept, most);
    above = kept.at(-1)?.urgency ?? above;
  }
  return first(kept, most).map(({ one }) => one);
}

interface Ranked<One> {
  readonly one: One;
  readonly urgency: number;
}

function first<One>(kept: readonly Ranked<One>[], most: number): Ranked<One>[] {
  return kept.toSorted((a, b) => b.urgency - a.urgency).slice(0, most);
}
