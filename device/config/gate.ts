/*
 * What a terminal is told about its gates: who the lanes are, what hangs at each, which fare tables count, and every point in which operators
 * differ. Each lane has readers of its own; a reader that two lanes shared would serve neither.
 */
import * as z from "zod";
import { fen } from "../base/fen.ts";
import { displayRole, gateRole } from "../drivers/roles.ts";
import { DEFAULT_DELAYED_CHARGE, type DelayedChargeProfile } from "../txn/delayed-charge/settings.ts";
import { DEFAULT_GATE_POLICY, type GatePolicy, type LaneSettings } from "../txn/gate/lane.ts";
import type { GatePurse } from "../txn/gate/tap.ts";
import type { DeepReadonly } from "./deep-readonly.ts";
import { readerRule, userReaderRule } from "./readers.ts";

const LANES_MAX = 8;
const FARE_TABLES_MAX = 16;
const someMs = (max: number) => z.int().min(100).max(max);

const policy = z.strictObject({
  sameCardWindowMs: z.int().min(0).max(3_600_000).default(DEFAULT_GATE_POLICY.sameCardWindowMs),
  passageTimeoutMs: someMs(120_000).default(DEFAULT_GATE_POLICY.passageTimeoutMs),
  unusedPassage: z.enum(["keep", "staff"]).default(DEFAULT_GATE_POLICY.unusedPassage),
  reversedPassage: z.enum(["keep", "staff"]).default(DEFAULT_GATE_POLICY.reversedPassage),
  unreportedPassage: z.enum(["used", "keep"]).default(DEFAULT_GATE_POLICY.unreportedPassage),
  unverifiedSale: z.enum(["staff", "open"]).default(DEFAULT_GATE_POLICY.unverifiedSale),
  passBack: z.enum(["refuse", "refuse-and-alarm"]).default(DEFAULT_GATE_POLICY.passBack),
  entryTwice: z.enum(["refuse", "charge-maximum", "allow"]).default(DEFAULT_GATE_POLICY.entryTwice),
  exitWithoutEntry: z.enum(["refuse", "charge-table"]).default(DEFAULT_GATE_POLICY.exitWithoutEntry),
  overTime: z.enum(["refuse", "charge-table"]).default(DEFAULT_GATE_POLICY.overTime),
  tapTimeoutMs: someMs(60_000).default(DEFAULT_GATE_POLICY.tapTimeoutMs),
  returnTimeoutMs: someMs(120_000).default(DEFAULT_GATE_POLICY.returnTimeoutMs),
});

/**
 * Bank cards that are believed on their signature and charged later (odaDelayedCharge). Off unless it is switched on here and named among the
 * purses; what an application needs besides stands in the part for electronic cash.
 */
const delayedCharge = z.strictObject({
  odaDelayedCharge: z.enum(["off", "on"]).default(DEFAULT_DELAYED_CHARGE.odaDelayedCharge),
  firstUse: z.enum(["refuse", "accept"]).default(DEFAULT_DELAYED_CHARGE.firstUse),
  firstRideLimitFen: z.int().min(0).max(100_000).default(DEFAULT_DELAYED_CHARGE.firstRideLimitFen),
  applicationIds: z
    .array(z.string().regex(/^(?:[0-9a-f]{2}){5,16}$/))
    .min(1)
    .max(16)
    .default([...DEFAULT_DELAYED_CHARGE.applicationIds]),
});

const lane = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9-]{1,16}$/),
  direction: z.enum(["entry", "exit"]),
  /** "single": each tap is a ride of its own, as on a bus. */
  mode: z.enum(["journey", "single"]).default("journey"),
  /** Line 4 and station 4. */
  place: z.string().regex(/^[0-9a-f]{8}$/),
  readers: z.strictObject({ user: userReaderRule, sam: readerRule }),
  device: gateRole,
  display: displayRole.exactOptional(),
});

export const gateConfig = z
  .strictObject({
    city: z.string().regex(/^\d{4}$/),
    /** Who takes the money of these lanes, as trip records name it. */
    acquirer: z.string().regex(/^[0-9a-f]{16}$/),
    /** Industry of trip records: 1 metro, 2 bus. Spec: JT/T 978, EF1E. */
    industry: z.int().min(0).max(0xff).default(1),
    fareTables: z.array(z.string().min(1).max(1024)).min(1).max(FARE_TABLES_MAX),
    /** Identifier of the operator's own record on cards, for transfers and caps; absent: there are none. */
    riderRecord: z
      .string()
      .regex(/^[0-9a-f]{4}$/)
      .exactOptional(),
    policy: policy.prefault({}),
    /** What pays, in the order of asking: the first one that a card has. */
    purses: z
      .array(z.enum(["compound", "delayed-charge"]))
      .min(1)
      .max(2)
      .default(["compound"]),
    delayedCharge: delayedCharge.prefault({}),
    lanes: z.array(lane).min(1).max(LANES_MAX),
  })
  .superRefine(({ lanes, purses, delayedCharge: profile }, context) => {
    for (const { path, message } of [...purseIssues(purses, profile, lanes), ...sharedIssues(lanes)]) context.addIssue({ code: "custom", path, message });
  });

interface Issue {
  readonly path: (string | number)[];
  readonly message: string;
}

type LaneConfig = z.infer<typeof lane>;

function purseIssues(purses: readonly string[], profile: z.infer<typeof delayedCharge>, lanes: readonly LaneConfig[]): readonly Issue[] {
  const issues: Issue[] = [];
  if (new Set(purses).size < purses.length) issues.push({ path: ["purses"], message: "each of them is asked once" });
  const chargesLater = purses.includes("delayed-charge");
  if (chargesLater !== (profile.odaDelayedCharge === "on"))
    issues.push({ path: ["delayedCharge", "odaDelayedCharge"], message: "it is on, and among the purses, or neither" });
  if (!chargesLater) return issues;
  if (!lanes.some(({ mode }) => mode === "single"))
    issues.push({ path: ["purses"], message: "delayed-charge pays single rides alone, and no lane sells them" });
  if (profile.firstUse !== "accept" || profile.firstRideLimitFen === 0)
    issues.push({ path: ["delayedCharge", "firstUse"], message: "a card becomes known by its first ride alone: accept it, up to a limit" });
  return issues;
}

/** What two lanes would take from each other. */
function sharedIssues(lanes: readonly LaneConfig[]): readonly Issue[] {
  const taken = new Map<string, number>();
  return lanes.flatMap(({ name, readers, device }, at) => {
    const own: readonly (readonly [string, string])[] = [
      ["name", name],
      // Each lane opens its own line: a board for two lanes needs a port for each.
      ...("port" in device ? [["device.port", device.port.path] as const] : []),
      ["readers.user", JSON.stringify(readers.user.nameIncludes)],
      ["readers.sam", JSON.stringify([readers.sam.nameIncludes, readers.sam.slot])],
    ];
    return own.flatMap(([what, key]) => {
      const owner = taken.get(`${what} ${key}`);
      taken.set(`${what} ${key}`, at);
      return owner === undefined ? [] : [{ path: ["lanes", at, ...what.split(".")], message: `lane ${owner} has it already` }];
    });
  });
}

export type GateConfig = DeepReadonly<z.infer<typeof gateConfig>>;

/** What the configuration decides, in the gate's own words. */
export interface GateSettings {
  readonly policy: GatePolicy;
  readonly lanes: readonly LaneSettings[];
  readonly purses: readonly [GatePurse, ...GatePurse[]];
  /** Absent: bank cards are not charged later. */
  readonly delayedCharge?: DelayedChargeProfile;
}

export function gateSettingsOf(config: GateConfig): GateSettings {
  const { city, acquirer, industry, purses, delayedCharge: profile } = config;
  const [first = "compound", ...others] = purses;
  return {
    policy: config.policy,
    lanes: config.lanes.map(({ name, direction, mode, place }) => ({ name, direction, mode, place, industry, city, acquirer })),
    purses: [{ kind: first }, ...others.map((kind) => ({ kind }))],
    ...(profile.odaDelayedCharge === "off" ? {} : { delayedCharge: { ...profile, firstRideLimitFen: fen(profile.firstRideLimitFen) } }),
  };
}
