/* What a running host process can be told and asked, one JSON object a line; each gets one JSON object back. */
import type { Acquirer } from "./acquirer/acquirer.ts";
import { actAtAcquirer } from "./acquirer/acquirer-commands.ts";
import { applyAcquirerFault, clearAcquirerFaults } from "./acquirer/acquirer-faults.ts";
import type { AcquirerServer } from "./acquirer/acquirer-server.ts";
import { applyLineFault } from "./acquirer/line-faults.ts";
import type { Agency } from "./agency/agency.ts";
import { actAtAgency } from "./agency/commands.ts";
import { applyAgencyFault, clearAgencyFaults } from "./agency/faults.ts";
import type { LossLists } from "./agency/loss-list.ts";
import { isFields, parseFields } from "./canonical.ts";
import { actAtClaimDesk, type ClaimCommandContext } from "./claim/process.ts";
import type { ChargeDesk } from "./debts.ts";
import { actAtChargeDesk } from "./debts-commands.ts";
import { listDocuments, publishDocument } from "./downlink-commands.ts";
import { clearHostFaults, parseHostFaults } from "./faults.ts";
import type { Gateway } from "./medical/gateway.ts";
import { applyGatewayFault } from "./medical/gateway-faults.ts";
import type { Insurer } from "./medical/insurer.ts";
import { actAtInsurer } from "./medical/insurer-commands.ts";
import { applyInsurerFault, clearInsurerFaults } from "./medical/insurer-faults.ts";
import type { SettlementHost } from "./settlement.ts";

export interface CommandContext {
  readonly host: SettlementHost;
  readonly insurer: Insurer;
  readonly acquirer: Acquirer;
  /** Undefined while it has no port. */
  readonly acquirerServer?: () => AcquirerServer | undefined;
  /** Undefined where there is none. */
  readonly agency?: Agency;
  readonly lossLists?: LossLists;
  /** Undefined where nobody charges rides. */
  readonly charges?: ChargeDesk;
  /** Undefined while there is none. */
  readonly gateway?: () => Gateway | undefined;
  /** Undefined where no machine may become a terminal. */
  readonly claims?: () => ClaimCommandContext | undefined;
  readonly stop: () => void;
}

export type CommandReply = { readonly [name: string]: unknown };

type Command = (context: CommandContext, fields: CommandReply) => CommandReply;

const OK: CommandReply = { ok: true };

function refused(reason: string): CommandReply {
  return { ok: false, reason };
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    "totals",
    ({ host, insurer, acquirer, agency }) => {
      const { count, totalFen, fundFen, accountFen } = insurer.ledger.totals();
      const totals = host.ledger.totalsByKind();
      const open = { unknown: host.ledger.unknownSubjects().length, rejects: host.ledger.rejects().length, quarantined: host.ledger.quarantines().length };
      return {
        ok: true,
        byKind: totals,
        ...open,
        records: host.ledger.recordCount(),
        insurer: { count, totalFen: Number(totalFen), fundFen: Number(fundFen), accountFen: Number(accountFen) },
        acquirer: acquirer.ledger.totals(),
        ...(agency === undefined ? {} : { agency: agency.ledger.totals() }),
      };
    },
  ],
  ["bookings", ({ host }) => ({ ok: true, bookings: host.ledger.bookings() })],
  ["unknown", ({ host }) => ({ ok: true, unknown: host.ledger.unknownSubjects() })],
  ["rejects", ({ host }) => ({ ok: true, rejects: host.ledger.rejects() })],
  ["quarantine", ({ host }) => ({ ok: true, quarantine: host.ledger.quarantines() })],
  [
    "counters",
    ({ host, insurer, acquirer, agency }) => ({
      ok: true,
      host: Object.fromEntries(host.counters),
      insurer: Object.fromEntries(insurer.counters),
      acquirer: Object.fromEntries(acquirer.counters),
      ...(agency === undefined ? {} : { agency: Object.fromEntries(agency.counters) }),
    }),
  ],
  [
    "faults",
    ({ host }, fields) => {
      const parsed = parseHostFaults(fields["set"] ?? {});
      if (!parsed.ok) return refused(parsed.reason);
      Object.assign(host.faults, parsed.faults);
      return { ok: true, faults: { ...host.faults } };
    },
  ],
  [
    "insurer-fault",
    ({ insurer }, fields) => {
      const wrong = applyInsurerFault(insurer.faults, fields["set"]);
      return wrong === undefined ? OK : refused(wrong);
    },
  ],
  [
    "acquirer-fault",
    ({ acquirer }, fields) => {
      const wrong = applyAcquirerFault(acquirer.faults, fields["set"]);
      return wrong === undefined ? OK : refused(wrong);
    },
  ],
  ["acquirer-act", ({ acquirer }, fields) => actAtAcquirer(acquirer, fields["set"])],
  [
    "acquirer-line-fault",
    ({ acquirerServer }, fields) => {
      const open = acquirerServer?.();
      if (open === undefined) return refused("the acquirer has no port");
      const wrong = applyLineFault(open.faults, fields["set"]);
      return wrong === undefined ? OK : refused(wrong);
    },
  ],
  [
    "agency-fault",
    ({ agency }, fields) => {
      const wrong = agency === undefined ? "there is no agency" : applyAgencyFault(agency.faults, fields["set"]);
      return wrong === undefined ? OK : refused(wrong);
    },
  ],
  ["agency-act", ({ agency, lossLists }, fields) => (agency === undefined ? refused("there is no agency") : actAtAgency(agency, fields["set"], lossLists))],
  ["insurer-act", ({ insurer }, fields) => actAtInsurer(insurer, fields["set"])],
  [
    "gateway-fault",
    ({ gateway }, fields) => {
      const open = gateway?.();
      if (open === undefined) return refused("there is no gateway");
      const wrong = applyGatewayFault(open.faults, fields["set"]);
      return wrong === undefined ? OK : refused(wrong);
    },
  ],
  [
    "clear-faults",
    ({ host, insurer, acquirer, agency, gateway, acquirerServer }) => {
      clearHostFaults(host.faults);
      clearInsurerFaults(insurer.faults);
      clearAcquirerFaults(acquirer.faults);
      if (agency !== undefined) clearAgencyFaults(agency.faults);
      acquirerServer?.()?.faults.planned.splice(0);
      gateway?.()?.faults.planned.splice(0);
      return OK;
    },
  ],
  ["charges", ({ charges }, fields) => (charges === undefined ? refused("nobody charges rides here") : actAtChargeDesk(charges, fields["set"]))],
  [
    "claim",
    ({ claims }, fields) => {
      const context = claims?.();
      return context === undefined
        ? refused("no machine may claim here; the member claim of the configuration is missing")
        : actAtClaimDesk(context, fields["set"]);
    },
  ],
  ["publish", ({ host }, fields) => publishDocument(host, fields["set"])],
  ["documents", ({ host }) => listDocuments(host)],
  [
    "take-backup",
    ({ host }) => {
      host.ledger.takeBackup();
      return OK;
    },
  ],
  [
    "restore-backup",
    ({ host }) => {
      host.restoreBackup();
      return OK;
    },
  ],
  ["held", ({ host }) => ({ ok: true, held: host.givenUp.waiting(), givenUp: host.ledger.givenUp() })],
  [
    "give-up-batches",
    ({ host }, fields) => {
      const { tid, batch } = fields;
      if (typeof tid !== "string" || typeof batch !== "number") return refused("tid and batch are needed: the first batch that the terminal holds");
      return { ...host.giveUp(tid, batch) };
    },
  ],
  [
    "release-quarantine",
    ({ host }, fields) => {
      const { tid } = fields;
      if (typeof tid !== "string") return refused("tid is missing");
      host.ledger.releaseQuarantine(tid);
      return OK;
    },
  ],
  [
    "stop",
    ({ stop }) => {
      stop();
      return OK;
    },
  ],
]);

/** Names of all commands, for help texts. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys()];

/** Carries out one line. `id` of the command comes back with its reply. */
export function runCommand(context: CommandContext, line: string): CommandReply {
  const fields = parseFields(new TextEncoder().encode(line));
  if (fields === undefined || !isFields(fields)) return refused("not a JSON object");
  const { command, id } = fields;
  const run = typeof command === "string" ? COMMANDS.get(command) : undefined;
  const reply = run === undefined ? refused(`unknown command; known are ${COMMAND_NAMES.join(", ")}`) : run(context, fields);
  return { reply: command, ...(id === undefined ? {} : { id }), ...reply };
}
