/*
 * Goal: a release is switched to only when it is ours, fits this machine, can find and leave the journal, and nobody's money depends on the next minutes.
 * Method: one pure function from facts to every reason against it. Each reason says whether it may pass by itself ("later") or never.
 */
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";
import { type ReleaseManifest, unpackedBytes } from "./manifest.ts";
import type { DowngradePermit } from "./signed.ts";
import { compareVersions, parseVersion } from "./version.ts";

/** What a manifest says of a release that stands on the machine. */
export type InstalledRelease = Pick<ReleaseManifest, "version" | "journalSchema" | "journalSchemasWritten">;

/** `stopped`: no process of it. `silent`: a process, and no word of it: it hangs, and a card may lie in the field. */
export type ServiceWord = { readonly kind: "stopped" } | { readonly kind: "silent" } | { readonly kind: "says"; readonly status: RuntimeStatus };

export interface MachineFacts {
  readonly arch: string;
  readonly current?: InstalledRelease;
  /** The release that has still to prove itself. */
  readonly onTrial?: string;
  readonly service: ServiceWord;
  readonly wallMs: number;
  readonly terminalId: string | undefined;
  /** Why the journal is not where an update looks for it. */
  readonly journalElsewhere?: string | undefined;
  readonly freeBytes: { readonly releases: number; readonly journal: number };
  readonly journalBytes: number;
}

export interface JudgeLimits {
  /** Offline money without a receipt that an update may stand beside. */
  readonly exposureFenMax: number;
  /** Sales whose end nobody knows yet. */
  readonly unknownMax: number;
  /** Left over after everything else has its room. */
  readonly spareBytes: number;
  /** What the service's clock must be at least. */
  readonly clock: "held" | "trusted";
}

export type RefusalCode =
  | "wrong-arch"
  | "already-current"
  | "older-version"
  | "permit-wrong-terminal"
  | "permit-wrong-version"
  | "permit-expired"
  | "journal-unreachable"
  | "journal-elsewhere"
  | "trial-under-way"
  | "space-low"
  | "clock-wrong"
  | "money-at-risk"
  | "service-silent"
  | "card-present"
  | "act-under-way";

export interface Refusal {
  readonly code: RefusalCode;
  /** Whether waiting may help. */
  readonly when: "later" | "never";
  readonly text: string;
}

const later = (code: RefusalCode, text: string): Refusal => ({ code, when: "later", text });
const never = (code: RefusalCode, text: string): Refusal => ({ code, when: "never", text });

export type MomentFacts = Pick<MachineFacts, "service" | "current">;

/** Whether this is a moment to stop the service; `emergency` passes money at risk, and nothing else. */
export function judgeMoment({ service, current }: MomentFacts, limits: JudgeLimits, emergency: boolean): readonly Refusal[] {
  if (service.kind === "silent") return [later("service-silent", "the service runs and says nothing: a card may lie in the field")];
  // Without a process no card can be in a dialogue. How much is at risk nobody says then, so only an emergency goes on, and a first release.
  if (service.kind === "stopped")
    return emergency || current === undefined ? [] : [later("money-at-risk", "the service does not run: how much money is at risk is not known")];
  const { cardPresent, actsUnderWay, exposure } = service.status;
  const found: Refusal[] = [];
  if (cardPresent) found.push(later("card-present", "a card is in a field"));
  if (actsUnderWay > 0) found.push(later("act-under-way", `${actsUnderWay} acts are under way`));
  if (!emergency && (exposure.sumFen > limits.exposureFenMax || exposure.unknown > limits.unknownMax)) {
    found.push(later("money-at-risk", `${exposure.sumFen} fen without a receipt, ${exposure.unknown} sales unknown`));
  }
  return found;
}

/** Every reason against a release whose manifest and signature are proved. */
export function judge(
  { manifest, permit }: { readonly manifest: ReleaseManifest; readonly permit?: DowngradePermit | undefined },
  facts: MachineFacts,
  limits: JudgeLimits,
): readonly Refusal[] {
  return [
    ...(manifest.arch === facts.arch ? [] : [never("wrong-arch", `it is made for ${manifest.arch}, this machine is ${facts.arch}`)]),
    ...judgeVersion(manifest, permit, facts),
    ...judgeJournal(manifest, facts),
    ...judgeJournalPlace(facts.journalElsewhere),
    ...(facts.onTrial === undefined ? [] : [later("trial-under-way", `${facts.onTrial} has still to prove itself`)]),
    ...judgeSpace(manifest, facts, limits),
    ...judgeClock(manifest, facts, limits),
    ...judgeMoment(facts, limits, manifest.emergency),
  ];
}

function judgeVersion({ version }: ReleaseManifest, permit: DowngradePermit | undefined, facts: MachineFacts): readonly Refusal[] {
  const mine = facts.current === undefined ? undefined : parseVersion(facts.current.version);
  const its = parseVersion(version);
  if (mine === undefined || its === undefined) return [];
  const order = compareVersions(its, mine);
  if (order > 0) return [];
  if (order === 0) return [never("already-current", `${version} is what runs`)];
  if (permit === undefined) return [never("older-version", `${version} is older than ${mine.text}, and there is no leave for it`)];
  if (permit.to !== version) return [never("permit-wrong-version", `the leave is for ${permit.to}`)];
  if (permit.terminalId !== "*" && permit.terminalId !== facts.terminalId) return [never("permit-wrong-terminal", "the leave is for another terminal")];
  if (permit.notAfterMs < facts.wallMs) return [never("permit-expired", "the leave has expired")];
  return [];
}

/**
 * Which of two releases writes the journal's schema of the other, there and back; `none` when both have the same.
 * Undefined: neither can, and a switch would end in a journal that nobody opens.
 */
export function migratorOf(next: InstalledRelease, current: InstalledRelease): "next" | "current" | "none" | undefined {
  if (next.journalSchema === current.journalSchema) return "none";
  const writesBoth = ({ journalSchemasWritten: written }: InstalledRelease) => written.includes(next.journalSchema) && written.includes(current.journalSchema);
  if (writesBoth(next)) return "next";
  return writesBoth(current) ? "current" : undefined;
}

function judgeJournal(manifest: ReleaseManifest, { current }: MachineFacts): readonly Refusal[] {
  if (current === undefined || migratorOf(manifest, current) !== undefined) return [];
  return [never("journal-unreachable", `neither release writes the journal's schemas ${current.journalSchema} and ${manifest.journalSchema}`)];
}

/** A journal that is not found is neither migrated nor brought back, and the way back would end beside it. */
export function judgeJournalPlace(problem: string | undefined): readonly Refusal[] {
  return problem === undefined ? [] : [never("journal-elsewhere", problem)];
}

function judgeSpace(manifest: ReleaseManifest, { freeBytes, journalBytes }: MachineFacts, { spareBytes }: JudgeLimits): readonly Refusal[] {
  const release = manifest.payload.size + unpackedBytes(manifest) + spareBytes;
  // A migration writes a copy and deletes nothing.
  const journal = journalBytes + spareBytes;
  const found: Refusal[] = [];
  if (freeBytes.releases < release) found.push(later("space-low", `${release} bytes are needed for the release, ${freeBytes.releases} are free`));
  if (freeBytes.journal < journal) found.push(later("space-low", `${journal} bytes are needed beside the journal, ${freeBytes.journal} are free`));
  return found;
}

function judgeClock({ builtMs }: ReleaseManifest, { service, wallMs }: MachineFacts, { clock }: JudgeLimits): readonly Refusal[] {
  if (wallMs < builtMs) return [later("clock-wrong", "the clock is before the release was built")];
  if (service.kind !== "says" || service.status.clock === "trusted") return [];
  if (service.status.clock === "untrusted") return [later("clock-wrong", "the service does not trust its clock")];
  return clock === "trusted" ? [later("clock-wrong", "nobody has said the time lately, and this terminal's configuration asks for it")] : [];
}
