/* The acquirer over a line of its own, as one life of the terminal has it: deaf and dumb once the power is gone, down when the broker is. */
import type { Bytes } from "../../../device/base/bytes.ts";
import { withDeadline } from "../../../device/base/deadline.ts";
import { isFault } from "../../../device/base/fault.ts";
import type { Clock, Limits } from "../../../device/base/ports.ts";
import type { AcquirerHost, HostReply } from "../../../device/txn/hosts.ts";
import type { Service } from "../../host/head-end.ts";
import { Power } from "../power.ts";
import type { Town } from "../town.ts";

const TRAVEL_MS = 40;

/** Nothing where the town's acquirer is reached through the head-end. */
export function directLine(town: Town, power: Power, clock: Clock): { readonly acquirerHost?: AcquirerHost } {
  const { bank, bankService } = town;
  if (bank?.line !== "direct" || bankService === undefined) return {};
  return { acquirerHost: { exchange: (body, limits) => power.guard(exchange({ town, power, clock, service: bankService }, body, limits)) } };
}

interface Line {
  readonly town: Town;
  readonly power: Power;
  readonly clock: Clock;
  readonly service: Service;
}

async function exchange(line: Line, body: Bytes, limits: Limits): Promise<HostReply> {
  const { town, power, clock } = line;
  if (!town.broker.isUp) return { kind: "not-sent", reason: "link-down" };
  if (town.plan.strikes("power-cut-before-publish")) return cut(power);
  const answered = carried(line, body);
  if (town.plan.strikes("power-cut-after-publish")) return cut(power);
  try {
    return { kind: "answered", body: await withDeadline(answered, { ...limits, clock, what: "the acquirer", effectUnknown: true }) };
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { kind: "unknown", reason: fault.code };
  }
}

/** Pending for ever where nobody answers, or where the answer came to a line that was down. */
async function carried({ town, service }: Line, body: Bytes): Promise<Bytes> {
  town.trace.note("message to the acquirer");
  const reply = await service(body);
  await town.clock.sleep(TRAVEL_MS);
  return reply === undefined || !town.broker.isUp ? Power.never() : reply;
}

function cut(power: Power): Promise<never> {
  power.cut();
  return Power.never();
}
