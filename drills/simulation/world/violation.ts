// A promise that was broken. Its id begins with the promise's name in the design (P1 … P12), or that of a rule in spec/.

export const INVARIANTS = {
  "P1-acknowledged-is-durable": "What was answered with success was committed before the answer.",
  "P1-ended-stays-ended": "A session or a family that ended never lives again.",
  "P1-nothing-is-lost": "A store that lost nothing is never said to have lost something.",
  "P2-bounded": "No verifier accepts a token that a notice took away M or longer ago.",
  "P2-cut-off-holds": "Nothing is rotated by a change that commits after what it hangs on was cut off.",
  "P2-receipt": "No verifier accepts after the moment that a receipt named for it.",
  "P3-forged": "Nothing is accepted whose signature was made for another text.",
  "P4-one-successor": "A generation has at most one live child, and a generation has one text.",
  "P4-one-session-token":
    "Of a session one token is live, and has one text: a rotation or a rise of assurance replaces it for good.",
  "P4-serial": "Every change of a family follows from the state that it replaced.",
  "P5-reuse-found": "A generation that no rule excuses is answered `reused`, and ends what the policy says.",
  "P5-window-fixed": "Windows count from the rotation; nothing but a rotation moves them.",
  "P6-nobody-logged-out": "No session ends but by its owner, an operator, its time or genuine reuse.",
  "P7-one-opening": "One idempotency key opens one session.",
  "P8-never-wider": "Scope, audience and lifetime of a token lie within its family's and its policy's.",
  "P8-policy-holds":
    "A session has the numbers of its policy's version: of the one that holds when it is opened, until another is applied to it.",
  "P9-compromised-key": "No verifier accepts what a compromised key signed, M or longer after.",
  "P10-honest-failure":
    "A fault is neither an acceptance nor a rejection: whatever is refused has a reason that is true.",
  "AT4-pos-not-later": "A token's position is not later than the snapshot that allowed it.",
  "L1-heals": "When every fault is over, verifiers accept good tokens and clients refresh.",
  "L2-one-order": "What was asked of a family and answered fits an order in which each thing happened at once.",
  "D0-no-defect": "Nothing throws that is neither a fault nor handled.",
} as const;

export type InvariantId = keyof typeof INVARIANTS;

export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: InvariantId;

  constructor(invariant: InvariantId, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

export function isInvariantId(text: string): text is InvariantId {
  return Object.hasOwn(INVARIANTS, text);
}
