/* The configuration that a claimed terminal is given: a template, with what is this terminal's own filled in. */
import { isFields, type Json } from "../canonical.ts";
import type { Enrolment } from "./book.ts";

export type Profile = { readonly [name: string]: Json | undefined };

export interface ProfileOrder {
  readonly tid: string;
  readonly kid: string;
  readonly merchant: string;
  readonly site: string;
}

export type ProfileMaker = (order: ProfileOrder) => Profile;

export function ownershipOf({ merchant, site }: Enrolment): Pick<ProfileOrder, "merchant" | "site"> {
  return { merchant, site };
}

/** What every template has without being told: one reader, and nothing that another line would need. */
function defaults(brokerUrl: string, journalFolder: string): Profile {
  return {
    institution: { code: "H99010000001", name: "示例药店", areaCode: "990100", serialLane: "1" },
    regionCode: "990100",
    profile: "test",
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 500, unreceiptedSumMaxFen: 5_000_000 },
    readers: { user: { interface: "contactless", nameIncludes: ["PICC"] }, sam: { interface: "sam", nameIncludes: ["SAM"] } },
    link: { url: brokerUrl },
    journal: { folder: journalFolder, limitBytes: 256 * 1024 * 1024 },
  };
}

export function profileFrom(template: Profile | undefined, places: { readonly brokerUrl: string; readonly journalFolder: string }): ProfileMaker {
  const base: Profile = { ...defaults(places.brokerUrl, places.journalFolder), ...template };
  const sync = isFields(base["sync"]) ? base["sync"] : {};
  return ({ tid, kid }) => ({ ...base, terminalId: tid, sync: { ...(sync as Profile), kid } });
}
