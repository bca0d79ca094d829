/*
 * Goal: banks as different as papers allow, so that no terminal passes because all its acquirers were alike.
 * Method: layouts, MACs, keys and switches of profile and contract are drawn from the seed alone; the same seed gives the same bank.
 */
import { DEFAULT_ACQUIRER } from "../../../device/txn/acquirer-host/defaults.ts";
import type { AcquirerProfile, DownloadKind, ReversalAfterSettlement, Sm4Keys } from "../../../device/txn/acquiring/profile.ts";
import type { KeyLayout, MacForm, Sm4Terms } from "../../host/acquirer/ciphers.ts";
import { TEST_BANK_MERCHANT, TEST_BANK_TERMINAL, testContract } from "../../host/acquirer/test-customers.ts";
import { SeededRandomness } from "../seeded-randomness.ts";
import type { TownBank } from "../town.ts";

export const DOWNLOADS: readonly DownloadKind[] = ["parameters", "ca-keys", "aid-parameters", "exception-list"];
const REPLY_MS = 8_000;
/** Above it the holder's PIN is asked for. */
const PIN_FREE_FEN = 10_000;
/** More than a reversal that is taken some day uses up, so that nothing is parked; or few, and people have to see to what is. */
const TRIES = [1_000, 3, 2] as const;
/** Used up within a few looks at the line. */
const FEW_TRIES = 3;
const AFTER_SETTLEMENT: readonly ReversalAfterSettlement[] = [{ do: "park" }, { do: "send", undone: ["00"] }];

const LAYOUTS: readonly KeyLayout[] = ["des-24", "tdes-40", "tdes-track-60", "triple-19-57", "sm4"];
const MAC_FORMS: readonly MacForm[] = ["ecb", "x9.19"];
const SM4_CHECK_BYTES = [4, 8, 16] as const;

/** How the acquirer of this seed wants its messages: layouts, MACs and switches differ from seed to seed. */
export function bankOf(seed: string): Omit<TownBank, "between"> {
  const draw = new SeededRandomness(seed).stream("acquirer-profile");
  const [keyScheme, usualMac, front] = [draw.pick(LAYOUTS), draw.pick(MAC_FORMS), draw.pick([0, 0, 3])];
  const macMethod = keyScheme === "sm4" ? "sm4" : usualMac;
  const sm4 = keyScheme === "sm4" ? sm4Terms(new SeededRandomness(seed).stream("sm4-keys")) : undefined;
  const reader = draw.pick(["contact", "contactless"] as const);
  const profile: AcquirerProfile = {
    ...DEFAULT_ACQUIRER,
    terminalNumber: TEST_BANK_TERMINAL,
    merchantNumber: TEST_BANK_MERCHANT,
    tpdu: { destination: "0003", source: "0000" },
    headerHex: "603100310001",
    keyScheme,
    macMethod,
    keyOffset: front,
    checkValueBytes: keyScheme === "triple-19-57" ? 3 : 4,
    ...(sm4 === undefined ? {} : { pinBlockBytes: 16, sm4Keys: sm4KeysOf(sm4) }),
    macAppliesTo: draw.pick(["approvals", "all"] as const),
    originalDate: draw.chance(0.5),
    partialApproval: draw.chance(0.5),
    withdrawalCode: "010000",
    purseLoad: { type: "0200", code: "40", layout: draw.pick(["field-62", "field-55"] as const) },
    networkCode: "000",
    replyTimeoutMs: REPLY_MS,
    pinFreeFen: PIN_FREE_FEN,
    reversalTries: draw.pick(TRIES),
    reversalAfterSettlement: draw.pick(AFTER_SETTLEMENT),
    downloads: DOWNLOADS,
    electronicCashRoute: draw.pick(["acquirer", "acquirer", "settlement-host"] as const),
    offlineUpload: { ...DEFAULT_ACQUIRER.offlineUpload, tries: draw.pick(TRIES) },
    ...(reader === "contact" ? { loadCode: draw.pick(["45", "46", "47"] as const), loadProcessingCode: "600000" } : {}),
  };
  const line = draw.pick(["relay", "direct"] as const);
  const variants = { reversesSettled: draw.chance(0.5), settledRefusal: draw.pick(["12", "25"] as const) };
  const { do: after } = profile.reversalAfterSettlement;
  // What such an acquirer never takes, as the leg of a load whose card never came back, stops everything until a person is asked.
  const isRefusedForever = after === "send" && !variants.reversesSettled;
  return {
    profile: isRefusedForever ? { ...profile, reversalTries: Math.min(profile.reversalTries, FEW_TRIES) } : profile,
    line,
    reader,
    variants,
    contract: testContract({ keyLayout: keyScheme, macForm: macMethod, keyFrontHex: "00".repeat(front), ...(sm4 === undefined ? {} : { sm4 }) }),
  };
}

/** No paper says how SM4 keys are given out, so that this bank has its own way with each seed. */
function sm4Terms(draw: SeededRandomness): Sm4Terms {
  const order = draw.pick([
    ["pin", "mac"],
    ["mac", "pin"],
    ["pin", "mac", "track"],
  ] as const);
  return { network: draw.pick(["005", "103"]), order, checkBytes: draw.pick(SM4_CHECK_BYTES), fill: draw.pick([0, 0, 2]) };
}

function sm4KeysOf({ network, order, checkBytes, fill }: Sm4Terms): Sm4Keys {
  return { network, keys: order.map((which) => ({ which, zeros: fill, checkBytes })) };
}
