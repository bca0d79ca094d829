/* The module's further commands: medical purchases, its key table, ciphering by type, maintenance of the e-purse, compound purchases. */
import { toHex, u8 } from "../../../device/base/bytes.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { TestPsamOptions } from "../../psam/make.ts";
import { type ScriptRow, type Step, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const SAM_INIT = "LD/T 32.9, INIT SAM FOR PURCHASE";
const SAM_CREDIT = "LD/T 32.9, CREDIT SAM FOR PURCHASE";
const DELIVERY = "LD/T 32.9, DELIVERY SESSION KEY";
const CIPHER = "LD/T 32.9, CIPHER DATA";
const KEYS = "LD/T 32.9, annex B";
const TRANSIT = "JT/T 978, PSAM";

const CARD = "8660990100000001";
const CITY = "3939303130307378";
const PROVINCE = "3939303030307368";
const SOCIAL_SM4: Step = ["00A404000F7378332E73682EC9E7BBE1B1A3D5CF00", "*9000"];
const SOCIAL_DES: Step = ["00A404000F7378312E73682EC9E7BBE1B1A3D5CF00", "*9000"];
const APPLICATION: Step = ["00A4040006D1560000059000", "*9000"];
const ENVIRONMENT: Step = ["BFEC00000199", "9000"];
const PURSE: Step = ["00A4000002801100", "*9000"];
const SM4: readonly Step[] = [SOCIAL_SM4, APPLICATION, ENVIRONMENT];
const DES: readonly Step[] = [SOCIAL_DES, APPLICATION, ENVIRONMENT];
const WRONG_CREDIT = "807200000400000000";

const hexLength = (hex: string): string => toHex(u8(hex.replaceAll(" ", "").length / 2));
const framed = (header: string, data: string): string => `${header} ${hexLength(data)} ${data}`;
const initialize = (more: { readonly version?: string; readonly algorithm?: string; readonly factors?: string } = {}): string => {
  const { version = "01", algorithm = "03", factors = `${CARD}${CITY}${PROVINCE}` } = more;
  return `${framed("80700100", `01020304 0007 000001C2 00000064 000003E8 32 20261121 101500 ${version} ${algorithm} ${factors}`)} 08`;
};
const INITIALIZE = initialize();
/** DELIVERY SESSION KEY with all three factors and a session factor of a whole block. */
const deliver = (usageAndId: string, block: 8 | 16 = 16): string => framed(`BFDE${usageAndId}`, `${CARD}${CITY}${PROVINCE}${"00".repeat(block)}`);
const BLOCK = "01020304050607080000000000000000";
const encipher = (use: string, data: string): string => framed(`80FA${use}00`, data);

const ZERO_BLOCK = "00".repeat(16);
/** The same with so many factors of zeros. */
const zeroDelivery = (level: 1 | 2 | 3, key = "6708"): string =>
  framed(`BFDE${toHex(u8((level << 5) | 0x07))}${key.slice(2)}`, `${"00".repeat(8 * level)}${ZERO_BLOCK}`);

type Row = Omit<ScriptRow, "to" | "tags" | "bench"> & {
  readonly tags?: readonly Tag[];
  readonly psam?: TestPsamOptions;
  readonly profile?: Partial<CardProfile>;
};

const ROWS: readonly Row[] = [
  {
    id: "SAM-077",
    spec: DELIVERY,
    title: "a key says at which level it lies when it is asked for with factors of zeros, and nothing is begun by that",
    tags: ["profile:psamKeyCheck=off"],
    psam: { socialLevel: 2, terminalSeq: 0x29 },
    steps: [...SM4, [zeroDelivery(3), "6a80"], [zeroDelivery(2), "9000"], [zeroDelivery(1), "6a80"], ["00B0990004", "00000029 9000"]],
  },
  {
    id: "SAM-078",
    spec: CIPHER,
    title: "what a session of zeros makes of zeros proves a key: the same root gives the same block at each module, another root another",
    tags: ["profile:psamKeyCheck=zeroFactors"],
    profile: { psamKeyCheck: "zeroFactors" },
    steps: [
      ...SM4,
      [zeroDelivery(3), "9000"],
      [`${encipher("00", ZERO_BLOCK)} 10`, "ca6411 .......................... 9000"],
      [zeroDelivery(3, "672B"), "9000"],
      [`${encipher("00", ZERO_BLOCK)} 10`, "f2b2e6 .......................... 9000"],
    ],
  },
  {
    id: "SAM-050",
    spec: SAM_INIT,
    title: "a medical purchase is answered by sequence and MAC1, and the sequence goes on",
    psam: { terminalSeq: 0x29 },
    steps: [...SM4, [INITIALIZE, "00000029 ........ 9000"], [INITIALIZE, "0000002a ........ 9000"], ["00B0990004", "0000002b 9000"]],
  },
  {
    id: "SAM-051",
    spec: SAM_INIT,
    title: "a medical purchase needs the social application and its environment",
    tags: ["negative"],
    steps: [PURSE, [INITIALIZE, "6a86"], SOCIAL_SM4, [INITIALIZE, "6985"], APPLICATION, [INITIALIZE, "6985"], ENVIRONMENT, [INITIALIZE, "*9000"]],
  },
  {
    id: "SAM-052",
    spec: SAM_INIT,
    title: "the versions 01 to 03 are there, another is 6A88",
    tags: ["negative"],
    steps: [
      ...SM4,
      ...["01", "02", "03"].map((version): Step => [initialize({ version }), "*9000"]),
      [initialize({ version: "00" }), "6a88"],
      [initialize({ version: "04" }), "6a88"],
    ],
  },
  {
    id: "SAM-053",
    spec: SAM_INIT,
    title: "the algorithm of another environment is 6A81",
    tags: ["negative"],
    steps: [
      ...SM4,
      [initialize({ algorithm: "00" }), "6a81"],
      [initialize({ algorithm: "02" }), "6a81"],
      ...DES,
      [initialize({ algorithm: "03" }), "6a81"],
      [initialize({ algorithm: "00" }), "*9000"],
    ],
  },
  {
    id: "SAM-054",
    spec: SAM_INIT,
    title: "another number of factors is 6A80, half a factor 6700",
    tags: ["negative"],
    steps: [
      ...SM4,
      [initialize({ factors: "" }), "6a80"],
      [initialize({ factors: CARD }), "6a80"],
      [initialize({ factors: `${CARD}${CITY}` }), "6a80"],
      [initialize({ factors: `${CARD}${CITY}${PROVINCE}${PROVINCE}` }), "6a80"],
      [initialize({ factors: `${CARD}00000000` }), "6700"],
      ["8070010003 010203", "6700"],
    ],
  },
  {
    id: "SAM-055",
    spec: SAM_INIT,
    title: "keys of the city take the card's factor alone",
    tags: ["profile:psamLevels=1"],
    psam: { socialLevel: 1 },
    steps: [...SM4, [initialize({ factors: CARD }), "*9000"], [INITIALIZE, "6a80"]],
  },
  {
    id: "SAM-056",
    spec: SAM_INIT,
    title: "a locked version is 6983, the others serve on",
    tags: ["negative"],
    psam: { lockedKeys: ["medical-dpk"] },
    steps: [...SM4, [INITIALIZE, "6983"], [initialize({ version: "02" }), "*9000"]],
  },
  {
    id: "SAM-057",
    spec: SAM_INIT,
    title: "other parameters are 6A86",
    tags: ["negative"],
    steps: [...SM4, [INITIALIZE.replace("80700100", "80700000"), "6a86"], [INITIALIZE.replace("80700100", "80700101"), "6a86"]],
  },
  {
    id: "SAM-058",
    spec: SAM_CREDIT,
    title: "a wrong MAC2 of a medical purchase is refused once, and is then out of order",
    tags: ["negative", "profile:psamCreditError=9302"],
    steps: [...SM4, [WRONG_CREDIT, "6901"], [INITIALIZE, "*9000"], [WRONG_CREDIT, "9302"], [WRONG_CREDIT, "6901"]],
  },
  {
    id: "SAM-059",
    spec: SAM_CREDIT,
    title: "a wrong MAC2 of a medical purchase in the other wording",
    tags: ["negative", "profile:psamCreditError=63CF"],
    profile: { psamCreditError: "63CF" },
    steps: [...SM4, [INITIALIZE, "*9000"], [WRONG_CREDIT, "63cf"], [WRONG_CREDIT, "6901"]],
  },
  {
    id: "SAM-060",
    spec: SAM_CREDIT,
    title: "any command in between, and loss of power, end a medical purchase",
    tags: ["negative"],
    steps: [
      ...SM4,
      [INITIALIZE, "*9000"],
      ["00B0960006", "*9000"],
      [WRONG_CREDIT, "6901"],
      [INITIALIZE, "*9000"],
      ENVIRONMENT,
      [WRONG_CREDIT, "6901"],
      [INITIALIZE, "*9000"],
      "reset",
      ...SM4,
      [WRONG_CREDIT, "6901"],
    ],
  },
  {
    id: "SAM-061",
    spec: SAM_INIT,
    title: "a module that writes SM4 as 04 knows 03 no more",
    tags: ["negative", "profile:psamAlgByteSm4=4"],
    profile: { psamAlgByteSm4: 0x04 },
    steps: [...SM4, [initialize({ algorithm: "04" }), "*9000"], [INITIALIZE, "6a81"]],
  },
  {
    id: "SAM-062",
    spec: KEYS,
    title: "every key of the list is there under its usage and number",
    steps: [
      ...SM4,
      ...["6708", "670A", "672B", "672C", "672D", "6724", "6725", "6726", "6727", "6728", "6729", "672A"].map((key): Step => [deliver(key), "9000"]),
      [deliver("672E"), "6a88"],
    ],
  },
  {
    id: "SAM-063",
    spec: KEYS,
    title: "the maintenance keys of the application and its directories make MACs",
    steps: [
      ...SM4,
      ...["6609", "6620", "6621", "6622", "6623"].flatMap((key): readonly Step[] => [
        [deliver(key), "9000"],
        [`${encipher("05", `${BLOCK}${BLOCK}`)} 04`, "........ 9000"],
      ]),
      [deliver("6624"), "6a88"],
    ],
  },
  {
    id: "SAM-064",
    spec: CIPHER,
    title: "a MAC key does not encrypt, an encryption key makes no MAC",
    tags: ["negative"],
    steps: [
      ...SM4,
      [deliver("6609"), "9000"],
      [encipher("00", BLOCK), "6985"],
      [deliver("6708"), "9000"],
      [encipher("05", `${BLOCK}${BLOCK}`), "6985"],
      [deliver("6708"), "9000"],
      [encipher("00", BLOCK), "*9000"],
    ],
  },
  {
    id: "SAM-065",
    spec: DELIVERY,
    title: "a purchase key makes no session key, nor does a key under another type",
    tags: ["negative"],
    steps: [...SM4, [deliver("6201"), "6a88"], [deliver("6608"), "6a88"], [deliver("6709"), "6a88"], [deliver("672E"), "6a88"], [deliver("6708"), "9000"]],
  },
  {
    id: "SAM-066",
    spec: DELIVERY,
    title: "the usage byte states the number of factors, and each key has its own",
    tags: ["negative"],
    psam: { levels: { "rk1-df04": 1, "stk-df04": 2 } },
    steps: [
      ...SM4,
      [deliver("4708"), "6a80"],
      [deliver("672D"), "6a80"],
      [framed("BFDE272D", `${CARD}${"00".repeat(16)}`), "9000"],
      [framed("BFDE4623", `${CARD}${CITY}${"00".repeat(16)}`), "9000"],
      [framed("BFDE2623", `${CARD}${"00".repeat(16)}`), "6a80"],
    ],
  },
  {
    id: "SAM-067",
    spec: DELIVERY,
    title: "a locked key is 6983, the others serve on",
    tags: ["negative"],
    psam: { lockedKeys: ["rkssse"] },
    steps: [...SM4, [deliver("670A"), "6983"], [deliver("6708"), "9000"]],
  },
  {
    id: "SAM-068",
    spec: DELIVERY,
    title: "the session factor fills a block of the cipher: 16 bytes with SM4, 8 with DES",
    tags: ["negative"],
    steps: [
      ...SM4,
      [framed("BFDE6708", `${CARD}${CITY}${PROVINCE}00000000`), "6700"],
      // With 8 bytes less the last factor counts as part of the session factor.
      [framed("BFDE6708", `${CARD}${CITY}${PROVINCE}${"00".repeat(8)}`), "6a80"],
      ...DES,
      [framed("BFDE6708", `${CARD}${CITY}${PROVINCE}00000000`), "6700"],
      [deliver("6708", 8), "9000"],
    ],
  },
  {
    id: "SAM-069",
    spec: CIPHER,
    title: "with DES one to eight blocks of 8 bytes, a single MAC two to eight",
    tags: ["3des", "negative"],
    steps: [
      ...DES,
      [deliver("6708", 8), "9000"],
      [encipher("02", "00".repeat(8)), "*9000"],
      [encipher("02", "00".repeat(64)), "*9000"],
      [encipher("00", "00".repeat(72)), "6700"],
      [deliver("6609", 8), "9000"],
      [encipher("05", "00".repeat(8)), "6700"],
      [deliver("6609", 8), "9000"],
      [encipher("05", "00".repeat(64)), "........9000"],
    ],
  },
  {
    id: "SAM-070",
    spec: CIPHER,
    title: "with SM4 one to eight blocks of 16 bytes, whole ones only",
    tags: ["sm4", "negative"],
    steps: [
      ...SM4,
      [deliver("6708"), "9000"],
      [encipher("02", "00".repeat(128)), "*9000"],
      [encipher("00", "00".repeat(144)), "6700"],
      [deliver("6708"), "9000"],
      [encipher("00", "00".repeat(24)), "6700"],
      [deliver("6609"), "9000"],
      [encipher("05", "00".repeat(128)), "........9000"],
    ],
  },
  {
    id: "SAM-071",
    spec: CIPHER,
    title: "a MAC in parts is that of the whole, and does not go on before it began",
    tags: ["sm4", "negative"],
    steps: [
      ...SM4,
      [deliver("6609"), "9000"],
      [encipher("03", BLOCK), "6901"],
      [deliver("6609"), "9000"],
      [encipher("07", `${"00".repeat(16)}${BLOCK}`), "9000"],
      [encipher("03", BLOCK), "9000"],
      [encipher("01", BLOCK), "........ 9000"],
      [encipher("01", BLOCK), "6901"],
    ],
  },
  {
    id: "SAM-072",
    spec: "LD/T 32.9, EF001A to EF001C",
    title: "the data of nation, province and city are told",
    psam: { applicationData: { national: "a1a2", province: "b1b2b3", city: "c1" } },
    steps: [
      ["00B09A0000", "a1a2 9000"],
      ["00B09B0000", "b1b2b3 9000"],
      ["00B09C0000", "c1 9000"],
      ["00B09D0000", "6a82"],
    ],
  },
  {
    id: "SAM-073",
    spec: "LD/T 32.9, INITIALIZE ENVIRONMENT",
    title: "the environment belongs to the social application and ends with its selection",
    tags: ["negative"],
    steps: [PURSE, ["BFEC00000199", "6985"], ...SM4, [deliver("6708"), "9000"], APPLICATION, [deliver("6708"), "6985"], ENVIRONMENT, [deliver("6708"), "9000"]],
  },
  {
    id: "SAM-074",
    spec: TRANSIT,
    title: "the maintenance key of the e-purse makes the MAC of APPLICATION BLOCK, once",
    tags: ["3des"],
    steps: [
      PURSE,
      [`801A450210 ${CARD} 9901000000000001`, "9000"],
      [`${encipher("05", "A1B2C3D400000000 841E000104800000")} 04`, "........ 9000"],
      [`${encipher("05", "A1B2C3D400000000 841E000104800000")} 04`, "6901"],
    ],
  },
  {
    id: "SAM-075",
    spec: TRANSIT,
    title: "the maintenance key takes its own number of factors, its own type and number",
    tags: ["negative"],
    steps: [
      PURSE,
      [`801A450208 ${CARD}`, "6a80"],
      [`801A650210 ${CARD} 9901000000000001`, "6a80"],
      [`801A470210 ${CARD} 9901000000000001`, "6a86"],
      [`801A450910 ${CARD} 9901000000000001`, "6a88"],
      [`801A450204 ${CARD.slice(0, 8)}`, "6700"],
      [`801A450310 ${CARD} 9901000000000001`, "9000"],
    ],
  },
  {
    id: "SAM-076",
    spec: TRANSIT,
    title: "the maintenance key encrypts nothing, is locked by itself, and is absent from the social application",
    tags: ["negative"],
    psam: { lockedKeys: ["purse-application"] },
    steps: [...SM4, [`801A450210 ${CARD} 9901000000000001`, "6985"], PURSE, [`801A450210 ${CARD} 9901000000000001`, "6983"], [encipher("00", BLOCK), "6901"]],
  },
];

const SUFFIX_RULES = [
  { rule: "byApplication", without: "*9000", withCode: "*9000" },
  { rule: "none", without: "*9000", withCode: "6700" },
  { rule: "mohurd9", without: "6700", withCode: "*9000" },
] as const;

const compound = (type: string, code: string): string =>
  `${framed("80700000", `01020304 0007 000001C2 ${type} 20261121 101500 01 03 ${CARD} 9901000000000001 ${code}`)} 08`;

const SUFFIXES: readonly Row[] = SUFFIX_RULES.map(({ rule, without, withCode }, at) => ({
  id: `SAM-08${at}`,
  spec: "CJ/T 166, compound purchase",
  title: `a compound purchase with and without the authentication code, rule ${rule}`,
  tags: [`profile:cappAuthSuffix=${rule}`, "negative"],
  profile: { cappAuthSuffix: rule },
  steps: [
    PURSE,
    [compound("09", ""), without],
    [compound("09", "0102030405060708AA"), withCode],
    [compound("06", "0102030405060708AA"), "6700"],
    [compound("09", "0102030405060708"), rule === "mohurd9" ? "6700" : "6a80"],
  ],
}));

export const PSAM_SOCIAL_CASES: readonly ConformanceCase[] = scripted(
  [...ROWS, ...SUFFIXES].map(({ tags = [], psam, profile, ...row }) => ({
    ...row,
    to: "psam",
    tags: ["psam", ...tags],
    bench: { ...(psam === undefined ? {} : { psam }), ...(profile === undefined ? {} : { profile }) },
  })),
);
