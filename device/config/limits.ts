/*
 * Limits of the offline permission. Where a limit is left out it is none; what needs the time refuses sales while nobody knows it, so that a
 * place which has to sell after a power cut without a network either has a battery clock or leaves those limits out. Durations are in whole
 * hours or minutes, because people write them.
 */
import * as z from "zod";
import type { LossRules } from "../txn/lists/open.ts";
import { NO_LIMITS } from "../txn/risk/offline-limits.ts";
import type { RiskPolicy } from "../txn/risk/open-guard.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const fenAmount = z.int().min(0).max(0xffff_ffff);
const fenSum = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.int().min(1).max(100_000);
/** Up to 60 days. */
const hours = z.int().min(1).max(1440);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export const limitsConfig = z.strictObject({
  amountPerSaleFen: fenAmount,
  unreceiptedCountMax: count,
  unreceiptedSumMaxFen: fenSum,
  /** Up to this amount a debit that only the card itself vouches for counts as paid. */
  unverifiedAmountMaxFen: fenAmount.default(0),
  /** How long the oldest sale may wait for its receipt before no other is made. */
  unreceiptedAgeMaxHours: hours.exactOptional(),
  /** The same for one card; left out: the terminal's limits alone count. */
  cardCountMax: count.exactOptional(),
  cardSumMaxFen: fenSum.exactOptional(),
  cardAgeMaxHours: hours.exactOptional(),
  /** At most so many sales of one card within so many minutes. */
  velocity: z.strictObject({ salesMax: z.int().min(1).max(1000), windowMinutes: z.int().min(1).max(1440) }).exactOptional(),
  /** What a card may pay before the host has accepted a sale of it, by which alone it becomes known. Left out: cards need not be known. */
  firstUseMaxFen: fenAmount.min(1).exactOptional(),
  /** Lists that must be here, and how old each may be. */
  lists: z
    .array(z.strictObject({ level: z.enum(["national", "province", "city"]), ageMaxHours: hours.exactOptional() }))
    .max(3)
    .refine((lists) => new Set(lists.map(({ level }) => level)).size === lists.length, "each level once")
    .default([]),
  /** Whether a card is blocked too where an exact entry with a signed order asks for it; "temporary": its issuer can lift the block. */
  blockListedCards: z.enum(["off", "temporary", "permanent"]).default("off"),
  /** When an entry of a card reported lost stops counting by itself; left out: when the host takes it back. */
  temporaryLoss: z
    .strictObject({
      /** Days after the entry's own date. */
      lapseDays: z.int().min(1).max(3_650).exactOptional(),
      /** Whether it may also lapse while the host is not heard, which perhaps only could not confirm the loss. */
      lapseWhileOffline: z.boolean().default(false),
    })
    .prefault({}),
  /** How long this terminal sells without the host, as long as the host has granted nothing else; left out: without end. */
  leaseHours: hours.exactOptional(),
  /** What the clock must be at least for a sale offline. */
  clock: z.enum(["any", "held", "trusted"]).default("any"),
  /** The machine has a clock with a battery that nobody sets. */
  batteryClock: z.boolean().default(false),
});

export type LimitsConfig = DeepReadonly<z.infer<typeof limitsConfig>>;

interface PermissionSettings {
  readonly policy: RiskPolicy;
  readonly lossRules: LossRules;
  readonly batteryClock: boolean;
  readonly blocks?: "temporary" | "permanent";
}

/** The configuration as the guard of the limits takes it. */
export function riskPolicy(config: LimitsConfig): RiskPolicy {
  const { velocity, firstUseMaxFen, leaseHours } = config;
  return {
    limits: {
      amountPerSaleFen: config.amountPerSaleFen,
      unreceiptedCountMax: config.unreceiptedCountMax,
      unreceiptedSumMaxFen: config.unreceiptedSumMaxFen,
      unreceiptedAgeMaxMs: inMs(config.unreceiptedAgeMaxHours),
      cardCountMax: config.cardCountMax ?? NO_LIMITS.cardCountMax,
      cardSumMaxFen: config.cardSumMaxFen ?? NO_LIMITS.cardSumMaxFen,
      cardAgeMaxMs: inMs(config.cardAgeMaxHours),
    },
    lists: config.lists.map(({ level, ageMaxHours }) => ({ level, ...(ageMaxHours === undefined ? {} : { ageMaxMs: ageMaxHours * HOUR_MS }) })),
    clock: config.clock,
    ...(velocity === undefined ? {} : { velocity: { salesMax: velocity.salesMax, windowMs: velocity.windowMinutes * MINUTE_MS } }),
    ...(firstUseMaxFen === undefined ? {} : { firstUseMaxFen }),
    ...(leaseHours === undefined ? {} : { leaseMs: leaseHours * HOUR_MS }),
  };
}

/** What a terminal may do without its host, as it is told. */
export function permissionSettings(config: LimitsConfig): PermissionSettings {
  const { lapseDays, lapseWhileOffline } = config.temporaryLoss;
  return {
    policy: riskPolicy(config),
    lossRules: { lapseWhileOffline, ...(lapseDays === undefined ? {} : { tempLossLapseDays: lapseDays }) },
    batteryClock: config.batteryClock,
    ...(config.blockListedCards === "off" ? {} : { blocks: config.blockListedCards }),
  };
}

function inMs(ageMaxHours: number | undefined): number {
  return ageMaxHours === undefined ? Number.POSITIVE_INFINITY : ageMaxHours * HOUR_MS;
}
