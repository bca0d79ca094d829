/* What travels of a shop and of the lanes; schemas.ts has the rules that all of them follow. */
import * as z from "zod";
import { fenAmount, fenSum, named, orderNumber, timeoutMs } from "./schema-words.ts";
import { said, slip } from "./schemas.ts";

// ---- sales and what goes back of them

/** A counter's own number, that of a sale at the keypad as its slip tells it, or that of a lane's sale as its events tell it. */
export const saleNumber = z.union([
  orderNumber,
  z.string().regex(/^till\.\d{1,10}\.\d{1,10}$/),
  z.string().regex(/^gate\.[A-Za-z0-9-]{1,16}\.(?:entry|exit|ride)\.\d{1,15}\.\d{1,15}$/),
]);

export const holdBody = named(
  "HoldBody",
  z.strictObject({ saleNumber: orderNumber, timeoutMs, amountFen: fenAmount.min(1) }),
  "The same `saleNumber` is the same hold; a sale and a completion may have it too.",
);

export const completionBody = named(
  "CompletionBody",
  z.strictObject({ saleNumber: orderNumber, timeoutMs, amountFen: fenAmount, prints: z.boolean().default(false) }),
  "Among sales this number is the completion's, also for its slip. `amountFen` 0 lets the hold go.",
);

export const saleRefundBody = named(
  "SaleRefundBody",
  z.strictObject({ refundNumber: orderNumber, amountFen: fenAmount.min(1).exactOptional(), prints: z.boolean().default(false) }),
  "`amountFen` left out: the whole sale, or what is left of it. The same `refundNumber` is the same refund.",
);

export const saleRefund = named(
  "SaleRefund",
  z.strictObject({
    saleNumber: z.string(),
    refundNumber: z.string(),
    kind: z.enum(["refunded", "refused", "unknown"]),
    amountFen: fenAmount.exactOptional(),
    leftFen: fenAmount.exactOptional(),
    subject: z.string().exactOptional(),
    reason: z.string().exactOptional(),
    says: said.exactOptional(),
    slip: slip.exactOptional(),
  }),
  "Money may be handed out at `refunded` alone. `leftFen`: what could still go back. `unknown`: ask for the same refund again.",
);

// ---- shifts

const shiftLine = z.strictObject({ what: z.string(), count: z.int(), sumFen: fenSum });

const totals = {
  shift: z.int(),
  fromSeq: z.int(),
  throughSeq: z.int(),
  taken: z.array(shiftLine),
  given: z.array(shiftLine),
  drawerFen: z.int().meta({ description: "Cash that the drawer must have more, or less, than at the beginning." }),
  open: z
    .strictObject({ count: z.int(), sumFen: fenSum })
    .meta({ description: "Sales that nobody can decide yet; they count in the shift in which they are decided." }),
};

export const shiftNumber = z.string().regex(/^[1-9]\d{0,8}$/);
export const shift = named("Shift", z.strictObject(totals), "Money of the shift under way, by what it was taken with and how it went back.");
export const shiftEndBody = named("ShiftEndBody", z.strictObject({ prints: z.boolean().default(false) }));
export const shiftEnd = named(
  "ShiftEnd",
  z.strictObject({ ...totals, operator: z.string(), atMs: z.int(), slip: slip.exactOptional() }),
  "A shift that has ended. Asked to end again it is told again; only the last slip that was not printed is printed then.",
);

// ---- lanes

export const laneName = z.string().regex(/^[A-Za-z0-9-]{1,16}$/);

export const gates = named(
  "Gates",
  z.strictObject({
    lanes: z.array(
      z.strictObject({
        name: z.string(),
        state: z.enum(["starting", "serving", "passage", "awaiting-return", "released", "out-of-order", "stopped"]),
        taps: z.int(),
        passages: z.int(),
        refused: z.int(),
        fareFen: fenSum,
      }),
    ),
  }),
  "The lanes and their counts since the start of the terminal.",
);

export const laneOpened = named("LaneOpened", z.strictObject({ lane: z.string(), opened: z.boolean() }));
export const releaseBody = named("Release", z.strictObject({ why: z.enum(["fire", "staff"]).default("staff") }));

const told = { reason: z.string().exactOptional(), says: said.exactOptional(), fareFen: fenAmount.exactOptional() };

export const laneEvent = named(
  "LaneEvent",
  z.discriminatedUnion("is", [
    z.strictObject({
      is: z.literal("prompt"),
      what: z.enum(["ready", "go", "go-again", "refused", "present-again", "one-card", "closed", "fire"]),
      ...told,
    }),
    z.strictObject({
      is: z.literal("tap"),
      outcome: z.enum(["paid", "let-in", "again", "refused", "unknown"]),
      saleNumber: z.string().exactOptional(),
      ...told,
    }),
    z.strictObject({ is: z.literal("passage"), passage: z.enum(["passed", "timeout", "reversed", "fault"]) }),
    z.strictObject({ is: z.literal("alarm"), why: z.enum(["pass-back", "gate-fault", "fire", "staff-release"]) }),
  ]),
  "What happens at a lane. It names nobody: no card, no balance. `saleNumber`: of a sale that opens, by which a supervisor gives its money back.",
);

export const gateItem = named(
  "GateItem",
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("event"), lane: z.string(), atMs: z.int(), event: laneEvent }),
    z.strictObject({ type: z.literal("gap") }),
  ]),
  "Data of one server-sent event of the lanes.",
);
