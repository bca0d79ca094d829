/* What parts of a configuration rule out in each other. Each problem names the place and what is missing there, never a value. */
import { type CounterBeside, counterIssues, type GateConfig } from "./gate.ts";
import { TEST_AUTHORITY_CHECK_VALUES, TEST_MASTER_CHECK_VALUES } from "./test-key-check-values.ts";

export interface CombinationProblem {
  readonly path: readonly string[];
  readonly message: string;
}

interface IndustryRecordName {
  readonly file: number;
  readonly record: string;
}

/** What is compared; everything else stands for itself. */
interface Combined {
  readonly profile: "test" | "production";
  readonly devices: CounterBeside["devices"] & {
    readonly pinPad?: { readonly adapter: string; readonly algorithm?: string; readonly profile?: object };
    readonly keypad?: object;
  };
  readonly shop?: { readonly keypad?: object; readonly holds?: { readonly record: IndustryRecordName } };
  readonly gate?: GateConfig;
  readonly readers: CounterBeside["readers"];
  readonly link: { readonly tls?: object };
  readonly electronicCash?: { readonly authorities: readonly { readonly checkHex: string }[]; readonly recordKey?: object };
  readonly acquirer?: {
    readonly keyScheme: string;
    readonly masterKeyCheckHex?: string;
    readonly withdrawalCode?: string;
    readonly loadCode?: string;
    readonly purseLoad?: object;
  };
  readonly agency?: { readonly services: readonly string[]; readonly contributionKinds: readonly string[] };
  readonly services: Readonly<Record<AgencySwitch, "none" | "connected">> & {
    readonly cashWithdrawal: "off" | "on";
    readonly purseLoad: "off" | "on";
    readonly activationMode: string;
    readonly pinResetAtTerminal: string;
    readonly authorisedOperators: readonly string[];
    readonly cardAuthorities: readonly { readonly checkHex: string }[];
  };
  readonly cardProfile: { readonly acse: string };
}

/** Switches of services that the agency stands behind. */
const AGENCY_SWITCHES = ["contributionHost", "examFeeHost", "benefitHost"] as const;

type AgencySwitch = (typeof AGENCY_SWITCHES)[number];

type Rule = (config: Combined) => CombinationProblem | undefined;

/** Families of pads that make MACs. */
const MAC_PADS: ReadonlySet<string> = new Set(["pad02h", "pad02hHid"]);
const CHECK_DIGITS = 6;

function knowsSm4(profile: object | undefined): boolean {
  return profile !== undefined && "sm4" in profile && profile.sm4 !== "none";
}

const rule = (at: string, message: string, broken: (config: Combined) => boolean): Rule => {
  return (config) => (broken(config) ? { path: at.split("."), message } : undefined);
};

/** Services of an agency that are worth nothing one without the other: what the first begins, only the second ends. */
const PAIRS = [
  ["contribution-bills", "contribution-confirm", "a bill could be paid and never confirmed, so that every payment would go back"],
  ["pin-authorization", "key-use", "nothing could use the authorisation"],
  ["block-authorization", "key-use", "nothing could use the authorisation"],
] as const;

const PAIR_RULES: readonly Rule[] = PAIRS.map(([has, wants, message]) =>
  rule("agency.services", `${has} without ${wants}: ${message}`, ({ agency }) => agency?.services.includes(has) === true && !agency.services.includes(wants)),
);

/** What a switch of the services asks of the agency. */
const SWITCHED_SERVICES = [
  ["contributionHost", "contribution-bills"],
  ["examFeeHost", "contribution-bills"],
  ["benefitHost", "benefits"],
] as const;

const SWITCHED_RULES: readonly Rule[] = SWITCHED_SERVICES.map(([name, wants]) =>
  rule(
    `services.${name}`,
    `the agency does not offer ${wants} (agency.services)`,
    ({ services, agency }) => services[name] === "connected" && agency !== undefined && !agency.services.includes(wants),
  ),
);

/** Bills that a switch lets holders pay. */
const SWITCHED_KINDS = [
  ["contributionHost", "contribution"],
  ["examFeeHost", "examination"],
] as const;

const KIND_RULES: readonly Rule[] = SWITCHED_KINDS.map(([name, kind]) =>
  rule(
    `services.${name}`,
    `the agency has no such bills (agency.contributionKinds, ${kind})`,
    ({ services, agency }) => services[name] === "connected" && agency !== undefined && !agency.contributionKinds.includes(kind),
  ),
);

const GATE_RULES: readonly Rule[] = [
  rule(
    "gate.purses",
    "no bank card could prove itself without the authorities of electronicCash",
    ({ gate, electronicCash }) => electronicCash === undefined && gate?.purses.some((purse) => purse !== "compound") === true,
  ),
  rule(
    "gate.electronicCash.journeys",
    "no module could sign the record without its key (electronicCash.recordKey)",
    ({ gate, electronicCash }) => gate?.electronicCash.journeys !== undefined && electronicCash?.recordKey === undefined,
  ),
  rule(
    "shop.holds",
    "no module could sign the record of a hold without its key (electronicCash.recordKey)",
    ({ shop, electronicCash }) => shop?.holds !== undefined && electronicCash?.recordKey === undefined,
  ),
  rule("shop.holds.record", "the lanes keep journeys in this record (gate.electronicCash.journeys): a hold needs one of its own", ({ shop, gate }) => {
    const [held, journeys] = [shop?.holds?.record, gate?.electronicCash.journeys];
    return held !== undefined && held.file === journeys?.file && held.record === journeys.record;
  }),
];

const RULES: readonly Rule[] = [
  ...GATE_RULES,
  ...PAIR_RULES,
  ...SWITCHED_RULES,
  ...KIND_RULES,
  rule("shop.keypad", "sales at a keypad need the keypad among the devices", ({ shop, devices }) => shop?.keypad !== undefined && devices.keypad === undefined),
  rule(
    "acquirer",
    "the bank's keys lie in a PIN pad that makes MACs (pad02h, pad02hHid), and none is among the devices",
    ({ acquirer, devices }) => acquirer !== undefined && !MAC_PADS.has(devices.pinPad?.adapter ?? ""),
  ),
  rule(
    "devices.pinPad.algorithm",
    "the keys of this acquirer are 3DES keys (acquirer.keyScheme)",
    ({ acquirer, devices }) => acquirer !== undefined && acquirer.keyScheme !== "sm4" && devices.pinPad?.algorithm === "sm4",
  ),
  rule(
    "devices.pinPad.algorithm",
    "the keys of this acquirer are SM4 keys (acquirer.keyScheme)",
    ({ acquirer, devices }) => acquirer?.keyScheme === "sm4" && devices.pinPad?.algorithm !== "sm4",
  ),
  rule(
    "devices.pinPad.profile.sm4",
    "nothing is known of how this pad is told to use SM4, which the acquirer's keys want",
    ({ acquirer, devices }) => acquirer?.keyScheme === "sm4" && !knowsSm4(devices.pinPad?.profile),
  ),
  rule(
    "acquirer",
    "no bank card could prove itself without the authorities of electronicCash",
    ({ acquirer, electronicCash }) => acquirer !== undefined && electronicCash === undefined,
  ),
  rule(
    "services",
    "contributions, examination fees and benefits are the agency's: no agency is configured",
    ({ services, agency }) => agency === undefined && AGENCY_SWITCHES.some((name) => services[name] === "connected"),
  ),
  rule(
    "services.contributionHost",
    "contributions are paid by bank card: no acquirer is configured",
    ({ services, acquirer }) => services.contributionHost === "connected" && acquirer === undefined,
  ),
  rule(
    "services.examFeeHost",
    "examination fees are paid by bank card: no acquirer is configured",
    ({ services, acquirer }) => services.examFeeHost === "connected" && acquirer === undefined,
  ),
  rule(
    "services.authorisedOperators",
    "activation by an operator, and PINs that are set anew, need somebody who may: no operator is named",
    ({ services }) =>
      services.authorisedOperators.length === 0 && (services.activationMode === "host-call" || services.pinResetAtTerminal === "authorised-post"),
  ),
  rule(
    "services.cardAuthorities",
    "certificates of cards are believed by somebody's key: no authority is named (cardProfile.acse)",
    ({ services, cardProfile }) => cardProfile.acse === "assumed" && services.cardAuthorities.length === 0,
  ),
  rule(
    "services.cardAuthorities",
    "no certificate of a card is asked for while cardProfile.acse is not assumed",
    ({ services, cardProfile }) => cardProfile.acse !== "assumed" && services.cardAuthorities.length > 0,
  ),
  rule(
    "services.cashWithdrawal",
    "the acquirer has confirmed no withdrawal (acquirer.withdrawalCode)",
    ({ services, acquirer }) => services.cashWithdrawal === "on" && acquirer?.withdrawalCode === undefined,
  ),
  rule(
    "services.purseLoad",
    "the acquirer has confirmed no load (acquirer.loadCode, acquirer.purseLoad)",
    ({ services, acquirer }) => services.purseLoad === "on" && acquirer?.loadCode === undefined && acquirer?.purseLoad === undefined,
  ),
];

const PRODUCTION_RULES: readonly Rule[] = [
  rule("link.tls", "a production terminal speaks to its broker over mutual TLS", ({ link }) => link.tls === undefined),
  rule(
    "electronicCash.authorities",
    "a production terminal trusts no published test authority",
    ({ electronicCash }) => electronicCash?.authorities.some(({ checkHex }) => TEST_AUTHORITY_CHECK_VALUES.has(checkHex.toLowerCase())) === true,
  ),
  rule("services.cardAuthorities", "a production terminal trusts no published test authority", ({ services }) =>
    services.cardAuthorities.some(({ checkHex }) => TEST_AUTHORITY_CHECK_VALUES.has(checkHex.toLowerCase())),
  ),
  rule(
    "devices.pinPad.profile.sm4",
    "no pad but the simulated one knows these codes",
    ({ devices }) => devices.pinPad?.profile !== undefined && "sm4" in devices.pinPad.profile && devices.pinPad.profile.sm4 === "sim",
  ),
  rule(
    "acquirer.masterKeyCheckHex",
    "a production terminal says the check value of the pad's master key",
    ({ acquirer }) => acquirer !== undefined && acquirer.masterKeyCheckHex === undefined,
  ),
  rule("acquirer.masterKeyCheckHex", "this is a published test key: a production terminal refuses it", ({ acquirer }) =>
    TEST_MASTER_CHECK_VALUES.has(acquirer?.masterKeyCheckHex?.toLowerCase().slice(0, CHECK_DIGITS) ?? ""),
  ),
];

export function combinationProblems(config: Combined): readonly CombinationProblem[] {
  const rules = config.profile === "production" ? [...RULES, ...PRODUCTION_RULES] : RULES;
  return [...rules.map((each) => each(config)).filter((problem) => problem !== undefined), ...gateProblems(config)];
}

/** What the lanes would take from the counter beside them. */
function gateProblems({ gate, ...counter }: Combined): readonly CombinationProblem[] {
  return gate === undefined ? [] : counterIssues(gate, counter).map(({ path, message }) => ({ path: ["gate", ...path.map(String)], message }));
}
