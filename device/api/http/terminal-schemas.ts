/* What travels of the terminal and its devices; schemas.ts has the rules that all of them follow. */
import * as z from "zod";
import { printLine } from "../equipment.ts";
import { fenSum, named, timeoutMs } from "./schema-words.ts";

const unreceipted = z.strictObject({ count: z.int(), sumFen: fenSum });

export const exposure = named(
  "Exposure",
  z.strictObject({
    quickPayment: unreceipted,
    medicalPurchase: unreceipted,
    offlineMedical: unreceipted,
    offlineLeaseMs: z.int().min(0).meta({ description: "How long the terminal may still sell without the insurer; 0 where it may not." }),
  }),
  "Sales that the settlement host has not receipted, by kind.",
);

export const status = named(
  "Status",
  z.looseObject({
    terminalId: z.string(),
    journalId: z.string(),
    boot: z.int(),
    linkUp: z.boolean(),
    hostPresent: z.boolean(),
    ordersUnderWay: z.int(),
    exposure,
  }),
  "Further members say more of the upload; later versions may add some.",
);

const histogram = named(
  "TimeHistogram",
  z.strictObject({ buckets: z.array(z.strictObject({ leMs: z.number().nullable(), count: z.int() })), count: z.int(), sumMs: z.number() }),
  "How many taps took at most so long, shorter ones counted in; the last bucket has no bound.",
);
const tapPart = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ field: value, card: value, module: value, disk: value, host: value, diskWait: value, diskCover: value });

export const tapTimes = named(
  "TapTimes",
  z.strictObject({
    taps: z.int(),
    times: tapPart(histogram),
    slowest: z.array(
      z.strictObject({
        wallMs: z.int(),
        times: tapPart(z.number()),
        steps: z.array(
          z.strictObject({
            part: z.enum(["wait", "card", "module", "disk"]),
            what: z.string(),
            beganMs: z.number(),
            endedMs: z.number(),
            failed: z.literal(true).exactOptional(),
          }),
        ),
      }),
    ),
  }),
  "Where the time of taps goes since the start, and the slowest of them step by step. Nothing here says whose card it was.",
);

export const devices = named(
  "Devices",
  z.strictObject({
    devices: z.record(z.string(), z.strictObject({ name: z.string(), kind: z.enum(["well", "degraded", "away", "broken"]), why: z.string().exactOptional() })),
  }),
);

export const scanBody = named("Scan", z.strictObject({ timeoutMs }));

export const scanned = named(
  "Scanned",
  z.discriminatedUnion("is", [
    z.strictObject({ is: z.literal("trace-code"), code: z.string() }),
    z.strictObject({ is: z.literal("gs1"), items: z.record(z.string(), z.string()) }),
    z.strictObject({ is: z.literal("medical-e-code") }),
    z.strictObject({ is: z.literal("unknown"), why: z.string() }),
  ]),
  "An e-code is told without its digits, because they are a credential.",
);

export const printBody = named("Print", z.strictObject({ slip: z.array(printLine).min(1).max(500), timeoutMs }));
export const printed = named("Printed", z.strictObject({ printed: z.literal(true) }));
