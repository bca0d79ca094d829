/*
 * Selling without the insurer, bound to one place: whose word permits it, what it is limited to, and how its split is estimated.
 */
import type { Clock, Limits, Randomness } from "../base/ports.ts";
import type { CardProfile } from "../codec/card-profile.ts";
import type { CardReader, PinVerifier, Psam } from "../drivers/ports.ts";
import type { InitialPinRule } from "../txn/initial-pin.ts";
import type { Lane, SalesInFlight } from "../txn/lane.ts";
import type { HostPorts } from "../txn/medical-host/ports.ts";
import { openEstimate } from "../txn/medical-offline/estimate.ts";
import { giveBackOffline, payRefund, settleLater } from "../txn/medical-offline/later.ts";
import type { ItemCatalogue, LaterPorts, OfflineExposureLimits, OfflineOutcome, OfflinePorts } from "../txn/medical-offline/ports.ts";
import { findOffline } from "../txn/medical-offline/record.ts";
import { runOfflineSale } from "../txn/medical-offline/run.ts";
import type { OfflineActs } from "../txn/medical-order/ports.ts";
import type { InstitutionLevel, RegionPolicy } from "../txn/medical-split/types.ts";
import type { OfflineLease } from "../txn/risk/lease.ts";
import type { Tenders } from "../txn/tender/tender.ts";

/** What a place is allowed without the insurer, and what it knows of the region's fees. */
export interface OfflineSettings {
  readonly limits: OfflineExposureLimits;
  /** How long the settlement host's word holds. */
  readonly leaseMs: number;
  readonly policies: readonly RegionPolicy[];
  readonly level: InstitutionLevel;
}

export interface OfflineParts {
  readonly host: HostPorts;
  readonly settings: OfflineSettings;
  readonly lease: OfflineLease;
  readonly catalogue: ItemCatalogue;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly cardProfile: CardProfile;
  readonly reader: CardReader;
  readonly pin: PinVerifier;
  readonly initialPin: InitialPinRule;
  readonly lane: Lane;
  readonly sales: SalesInFlight;
  readonly tenders: Tenders;
  readonly settle: LaterPorts["settle"];
  /** Opens the module first; without it nothing begins. */
  readonly withModule: (
    sale: { readonly reference: string; readonly amount: OfflinePortsRequest["amount"] },
    limits: Limits,
    work: (psam: Psam) => Promise<OfflineOutcome>,
  ) => Promise<OfflineOutcome>;
  readonly bounds: {
    readonly commandTimeoutMs: number;
    readonly pinTimeoutMs: number;
    readonly answerTimeoutMs: number;
    readonly tenderTimeoutMs: number;
    readonly journalTimeoutMs: number;
  };
}

type OfflinePortsRequest = Parameters<OfflinePorts["estimate"]>[0];

/** insutype of a holder about whom nobody has said anything: an employee's. */
const USUAL_INSURANCE = "310";

export function bindOffline(parts: OfflineParts): OfflineActs {
  const { host, settings, bounds, withModule } = parts;
  const { medical, journal } = host;
  const { region, sender } = medical;
  const { policies, level, limits: exposure } = settings;
  const estimate = openEstimate({ ...parts, policies, level, area: sender.treatmentArea, insuranceType: USUAL_INSURANCE });
  const later = { ...parts, ...host, region };
  return {
    sell: (request, desk, limits) =>
      withModule(request, limits, (psam) =>
        runOfflineSale({ ...parts, ...host, psam, region, exposure, permission: parts.lease, estimate, social: { profile: parts.cardProfile } }, request, {
          desk,
          limits: { ...bounds, ...limits },
        }),
      ),
    settleLater: (request, limits) => settleLater(later, request, { ...bounds, ...limits }),
    payRefund: (request, limits) => payRefund(later, request, { ...bounds, ...limits }),
    giveBack: (request, limits) => giveBackOffline(later, request, { ...bounds, ...limits }),
    find: (reference) => findOffline(journal, reference),
  };
}
