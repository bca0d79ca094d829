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
import { industryPlaceOf, industryRecord } from "./industry-record.ts";
import { laneReaderRule, mayBeOneReader, type NamedReader, readerRule } from "./readers.ts";

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

/** Electronic cash at lanes: a purchase where each tap is a ride, and segment fares with the industry record in which journeys stand. */
const cashAtLanes = z.strictObject({
  journeys: industryRecord.exactOptional(),
  /** What a ride of one tap is, where there is such a record. */
  rides: z.enum(["purchase", "segment-fare"]).default("purchase"),
});

const lane = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9-]{1,16}$/),
  direction: z.enum(["entry", "exit"]),
  /** "single": each tap is a ride of its own, as on a bus. */
  mode: z.enum(["journey", "single"]).default("journey"),
  /** Line 4 and station 4. */
  place: z.string().regex(/^[0-9a-f]{8}$/),
  readers: z.strictObject({ user: laneReaderRule, sam: readerRule }),
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
      .array(z.enum(["compound", "electronic-cash", "delayed-charge"]))
      .min(1)
      .max(3)
      .default(["compound"]),
    delayedCharge: delayedCharge.prefault({}),
    /** How electronic cash pays here, where it is among the purses. */
    electronicCash: cashAtLanes.prefault({}),
    lanes: z.array(lane).min(1).max(LANES_MAX),
  })
  .superRefine(({ lanes, purses, delayedCharge: profile, electronicCash: cash }, context) => {
    for (const { path, message } of [...purseIssues(purses, profile, lanes), ...cashIssues(purses, cash, lanes), ...sharedIssues(lanes)])
      context.addIssue({ code: "custom", path, message });
  });

interface Issue {
  readonly path: (string | number)[];
  readonly message: string;
}

type LaneConfig = DeepReadonly<z.infer<typeof lane>>;

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

function cashIssues(purses: readonly string[], { journeys, rides }: z.infer<typeof cashAtLanes>, lanes: readonly LaneConfig[]): readonly Issue[] {
  const issues: Issue[] = [];
  if (!purses.includes("electronic-cash"))
    return journeys === undefined ? [] : [{ path: ["electronicCash"], message: "electronic-cash is not among the purses" }];
  if (journeys === undefined && !lanes.some(({ mode }) => mode === "single"))
    issues.push({ path: ["electronicCash", "journeys"], message: "without a record on the card only single rides are sold, and no lane sells them" });
  if (journeys === undefined && rides === "segment-fare")
    issues.push({ path: ["electronicCash", "rides"], message: "a segment fare needs the record that it changes (journeys)" });
  return issues;
}

/** What two lanes would take from each other. */
function sharedIssues(lanes: readonly LaneConfig[]): readonly Issue[] {
  return lanes.flatMap((lane, at) => lanes.slice(0, at).flatMap((other, owner) => sharedWith(lane, other, `lane ${owner}`).map(under(["lanes", at]))));
}

function under(at: readonly (string | number)[]): (issue: Issue) => Issue {
  return ({ path, message }) => ({ path: [...at, ...path], message });
}

function sharedWith(lane: LaneConfig, other: LaneConfig, owner: string): readonly Issue[] {
  const has = `${owner} has it already`;
  const ports = portsOf(other);
  return [
    ...(lane.name === other.name ? [{ path: ["name"], message: has }] : []),
    ...readersShared(lane, other.readers, owner),
    // Each lane opens its own line: a board for two lanes needs a port for each.
    ...portsOf(lane).flatMap(({ path, port }) => (ports.some((each) => each.port === port) ? [{ path: [...path], message: has }] : [])),
  ];
}

function readersShared({ readers }: LaneConfig, theirs: Readonly<Record<"user" | "sam", NamedReader>>, owner: string): readonly Issue[] {
  const message = `the rule of ${owner} could find the same reader: name them by words that only one has, or by slots`;
  return (["user", "sam"] as const).flatMap((role) => (mayBeOneReader(readers[role], theirs[role]) ? [{ path: ["readers", role], message }] : []));
}

/** Serial lines that a lane opens. */
function portsOf({ device, display }: LaneConfig): readonly { readonly path: readonly string[]; readonly port: string }[] {
  return Object.entries({ device, display }).flatMap(([what, settings]) => {
    const port = portOf(settings);
    return port === undefined ? [] : [{ path: [what, "port"], port }];
  });
}

function portOf(settings: object | undefined): string | undefined {
  if (settings === undefined || !("port" in settings)) return undefined;
  const { port } = settings;
  return typeof port === "object" && port !== null && "path" in port && typeof port.path === "string" ? port.path : undefined;
}

/** The counter beside the lanes, as far as it could take something from them. */
export interface CounterBeside {
  readonly readers: Readonly<Record<"user" | "sam", NamedReader>>;
  readonly devices: Readonly<Record<string, object | undefined>>;
}

/** What a lane would take from the counter of the same terminal. */
export function counterIssues({ lanes }: GateConfig, { readers, devices }: CounterBeside): readonly Issue[] {
  const ports = Object.entries(devices).map(([role, settings]) => ({ role, port: portOf(settings) }));
  return lanes.flatMap((lane, at) => {
    const taken = portsOf(lane).flatMap(({ path, port }) => {
      const owner = ports.find((each) => each.port === port);
      return owner === undefined ? [] : [{ path: [...path], message: `devices.${owner.role} has this port already` }];
    });
    return [...readersShared(lane, readers, "the counter"), ...taken].map(under(["lanes", at]));
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
  const purseOf = (kind: (typeof purses)[number]): GatePurse => (kind === "electronic-cash" ? cashPurseOf(config) : { kind });
  return {
    policy: config.policy,
    lanes: config.lanes.map(({ name, direction, mode, place }) => ({ name, direction, mode, place, industry, city, acquirer })),
    purses: [purseOf(first), ...others.map(purseOf)],
    ...(profile.odaDelayedCharge === "off" ? {} : { delayedCharge: { ...profile, firstRideLimitFen: fen(profile.firstRideLimitFen) } }),
  };
}

function cashPurseOf({ electronicCash: { journeys, rides } }: GateConfig): GatePurse {
  return { kind: "electronic-cash", rides, ...(journeys === undefined ? {} : { journeys: industryPlaceOf(journeys) }) };
}
