/* Which faults strike, how often, drawn once per seed: some are off altogether, the others differ wildly in weight. */
import type { SeededRandomness } from "./seeded-randomness.ts";

/** Names are part of the interface (docs/json.md) and are never renamed; docs/fault-model.md says what each does. */
export const FAULT_KINDS = [
  "card-torn-before",
  "card-torn-during",
  "card-torn-after",
  "card-swapped",
  "card-absent",
  "card-never-returns",
  "power-cut-before-commit",
  "power-cut-during-commit",
  "power-cut-after-commit",
  "power-cut-before-apdu",
  "power-cut-after-apdu",
  "power-cut-before-publish",
  "power-cut-after-publish",
  "reader-lost",
  "reader-hung",
  "broker-lost",
  "host-gone",
  "receipt-lost",
  "message-duplicated",
  "message-delayed",
  "clock-jump",
  "insurer-silent",
  "insurer-late",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export type FaultCounts = Record<FaultKind, number>;

export function noFaults(): FaultCounts {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;
}

/** Chance per occasion at full weight. Occasions differ: a card command is far more frequent than a purchase. */
const FULL_RATE: FaultCounts = {
  "card-torn-before": 0.012,
  "card-torn-during": 0.012,
  "card-torn-after": 0.02,
  "card-swapped": 0.15,
  "card-absent": 0.15,
  "card-never-returns": 0.3,
  "power-cut-before-commit": 0.015,
  "power-cut-during-commit": 0.015,
  "power-cut-after-commit": 0.015,
  "power-cut-before-apdu": 0.003,
  "power-cut-after-apdu": 0.004,
  "power-cut-before-publish": 0.02,
  "power-cut-after-publish": 0.02,
  "reader-lost": 0.003,
  "reader-hung": 0.003,
  "broker-lost": 0.06,
  "host-gone": 0.05,
  "receipt-lost": 0.25,
  "message-duplicated": 0.1,
  "message-delayed": 0.15,
  "clock-jump": 0.05,
  "insurer-silent": 0.12,
  "insurer-late": 0.4,
};

export interface FaultPlan {
  /** Whether this fault strikes now; counted when it does. Never while the world is calm. */
  strikes(kind: FaultKind): boolean;
  /** Counts a fault that another plan has decided. */
  struck(kind: FaultKind): void;
  /** Whether faults have ended. */
  readonly isCalm: boolean;
  /** Ends all faults: the liveness phase. */
  calm(): void;
  readonly counts: FaultCounts;
}

/** `only` limits the plan to some kinds at full weight, for tests of one fault. */
export function drawFaultPlan(randomness: SeededRandomness, only?: readonly FaultKind[]): FaultPlan {
  const weights = randomness.stream("weights");
  const rates = noFaults();
  for (const kind of FAULT_KINDS) {
    const off = weights.chance(0.2);
    const weight = weights.fraction() ** 2 * 1.5;
    rates[kind] = only === undefined ? (off ? 0 : FULL_RATE[kind] * weight) : only.includes(kind) ? FULL_RATE[kind] : 0;
  }
  const draws = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, randomness.stream(kind)])) as Record<FaultKind, SeededRandomness>;
  const counts = noFaults();
  let calm = false;
  return {
    counts,
    get isCalm() {
      return calm;
    },
    struck: (kind) => {
      counts[kind] += 1;
    },
    calm: () => {
      calm = true;
    },
    strikes: (kind) => {
      if (calm || rates[kind] === 0 || !draws[kind].chance(rates[kind])) return false;
      counts[kind] += 1;
      return true;
    },
  };
}
