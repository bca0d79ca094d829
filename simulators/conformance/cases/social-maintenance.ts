/* The PIN in the hands of its holder and of the issuer, and the blocks of directories and of the card. */
import { proveTerminal } from "../../../device/card/social/authentication.ts";
import type { SocialDirectory } from "../../../device/card/social/file-table.ts";
import { DIRECTORY_NAMES } from "../../../device/card/social/file-table.ts";
import { NATIONAL_KEYS, type SocialKeyName } from "../../../device/card/social/keys.ts";
import { blockApplication, blockCard } from "../../../device/card/social/maintenance.ts";
import { queryPinState, reloadPin, unblockPin } from "../../../device/card/social/pin.ts";
import { sendSecured } from "../../../device/card/social/secure-command.ts";
import { CardBench, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual } from "../expect.ts";
import { SELECT_ENVIRONMENT, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";
import { Issuer, NO_KEYS } from "./social-issuer.ts";

const CHANGE = "LD/T 32.7, CHANGE PIN";
const UNBLOCK = "LD/T 32.7, PIN UNBLOCK";
const RELOAD = "LD/T 32.7, PIN RELOAD";
const APPLICATION_BLOCK = "LD/T 32.7, APPLICATION BLOCK";
const CARD_BLOCK = "LD/T 32.7, CARD BLOCK";
const PROOF = "LD/T 32.7, EXTERNAL AUTHENTICATE";
const PIN = "246813";
const NEW_PIN = "135790";
const ALGORITHMS = ["sm4", "3des"] as const;
const set = (triesLeft: number) => ({ kind: "set", triesLeft }) as const;

const CHANGES = scripted([
  {
    id: "SOC-PIN-001",
    spec: CHANGE,
    title: "the holder changes the PIN: the new one opens, the old one does not",
    tags: ["pin", "social"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [`805E010007${PIN}FF${NEW_PIN}`, "9000"],
      [`0020000003${PIN}`, "63c2"],
      [`0020000003${NEW_PIN}`, "9000"],
      "reset",
      [SELECT_ENVIRONMENT, "*9000"],
      [`0020000003${NEW_PIN}`, "9000"],
    ],
  },
  {
    id: "SOC-PIN-002",
    spec: CHANGE,
    title: "a change is no verification: what the PIN opens stays shut",
    tags: ["pin", "social", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      ["00A4040006D1560000050300", "*9000"],
      [`805E010007${PIN}FF${NEW_PIN}`, "9000"],
      ["00B2812800", "6982"],
    ],
  },
  {
    id: "SOC-PIN-003",
    spec: CHANGE,
    title: "a wrong old PIN costs a try, and the third locks",
    tags: ["pin", "social", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [`805E010007111111FF${NEW_PIN}`, "63c2"],
      [`805E010007111111FF${NEW_PIN}`, "63c1"],
      [`805E010007111111FF${NEW_PIN}`, "63c0"],
      [`805E010007${PIN}FF${NEW_PIN}`, "6983"],
      ["0020000000", "6983"],
    ],
  },
  {
    id: "SOC-PIN-004",
    spec: CHANGE,
    title: "a right old PIN gives the tries back",
    tags: ["pin", "social"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0020000003111111", "63c2"],
      [`805E010007${PIN}FF${NEW_PIN}`, "9000"],
      ["0020000000", "63c3"],
    ],
  },
  {
    id: "SOC-PIN-005",
    spec: CHANGE,
    title: "lengths, parameters and digits that do not fit are refused and cost no try",
    tags: ["pin", "social", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["805E010002FF13", "6700"],
      [`805E000007${PIN}FF${NEW_PIN}`, "6a86"],
      [`805E010106${PIN}${NEW_PIN}`, "6a86"],
      [`805E010006${PIN}${NEW_PIN}`, "6a80"],
      [`805E010007${PIN}FF13579A`, "6a80"],
      [`805E010005${PIN}FF13`, "6a80"],
      ["0020000000", "63c3"],
    ],
  },
  {
    id: "SOC-PIN-006",
    spec: CHANGE,
    title: "odd numbers of digits are filled up with F, old and new",
    tags: ["pin", "social"],
    bench: { card: { pin: "12345" } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["805E01000812345FFF1234567F", "9000"],
      ["00200000041234567F", "9000"],
    ],
  },
  {
    id: "SOC-PIN-007",
    spec: CHANGE,
    title: "there is nothing to change where no PIN is set",
    tags: ["pin", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [`805E010007${PIN}FF${NEW_PIN}`, "6985"],
      ["0020000000", "9000"],
    ],
  },
  {
    id: "SOC-PIN-008",
    spec: RELOAD,
    title: "the issuer's commands need their lengths, parameters and a proof",
    tags: ["pin", "social", "maintenance", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["84240000 03 112233", "6700"],
      ["84240001 0C 112233445566778811223344", "6700"],
      ["84240001 14 0102030405060708010203040506070811223344", "6982"],
      ["84240002 04 11223344", "6a86"],
      ["84240100 04 11223344", "6a86"],
      ["84240000 04 11223344", "6985"],
    ],
  },
]);

async function lockPin(bench: CardBench): Promise<void> {
  await bench.apdu(SELECT_ENVIRONMENT);
  for (let left = 2; left >= 0; left -= 1) expectEqual(await bench.apdu("0020000003111111"), `63c${left}`, "a wrong PIN");
  expectEqual(await bench.apdu(`0020000003${PIN}`), "6983", "the right PIN on a locked card");
}

const ISSUERS: readonly ConformanceCase[] = ALGORITHMS.flatMap((algorithm, at): readonly ConformanceCase[] => [
  {
    id: `SOC-PIN-01${at}`,
    spec: UNBLOCK,
    title: `a locked PIN gets its tries back by the unblocking key (${algorithm}), and stays the same`,
    tags: ["pin", "social", "maintenance", algorithm],
    run: async (context) => {
      const bench = new CardBench(context, { card: { pin: PIN, algorithm } });
      await lockPin(bench);
      expectEqual(await unblockPin(await bench.channel(), new Issuer(bench), LIMITS), { kind: "ok" }, "PIN UNBLOCK");
      expectEqual(await queryPinState(await bench.channel(), LIMITS), set(3), "the PIN afterwards");
      expectEqual(await bench.apdu(`0020000003${PIN}`), "9000", "the old PIN");
    },
  },
  {
    id: `SOC-PIN-02${at}`,
    spec: RELOAD,
    title: `a forgotten PIN is set anew by whoever has the unblocking key (${algorithm})`,
    tags: ["pin", "social", "maintenance", algorithm],
    run: async (context) => {
      const bench = new CardBench(context, { card: { pin: PIN, algorithm } });
      await lockPin(bench);
      const keys = new Issuer(bench, NEW_PIN);
      const reload = { algorithm, keys, keyTable: NATIONAL_KEYS, service: keys };
      expectEqual(await reloadPin(await bench.channel(), reload, LIMITS), { kind: "ok" }, "PIN RELOAD");
      expectEqual(await bench.apdu(`0020000003${PIN}`), "63c2", "the old PIN");
      expectEqual(await bench.apdu(`0020000003${NEW_PIN}`), "9000", "the new PIN");
      expectEqual(bench.card.pinIsInitial, false, "whether it counts as the initial one");
    },
  },
  {
    id: `SOC-PIN-03${at}`,
    spec: RELOAD,
    title: `a PIN with an odd number of digits is enciphered with its filling (${algorithm})`,
    tags: ["pin", "social", "maintenance", algorithm],
    run: async (context) => {
      const bench = new CardBench(context, { card: { pin: PIN, algorithm } });
      await bench.apdu(SELECT_ENVIRONMENT);
      const keys = new Issuer(bench, "1357913");
      expectEqual(await reloadPin(await bench.channel(), { algorithm, keys, keyTable: NATIONAL_KEYS, service: keys }, LIMITS), { kind: "ok" }, "PIN RELOAD");
      expectEqual(await bench.apdu("00200000041357913F"), "9000", "the new PIN");
    },
  },
  {
    id: `SOC-PIN-04${at}`,
    spec: UNBLOCK,
    title: `ten wrong signatures lock the unblocking key for both commands (${algorithm})`,
    tags: ["pin", "social", "maintenance", "negative", algorithm],
    run: async (context) => {
      const bench = new CardBench(context, { card: { pin: PIN, algorithm } });
      await lockPin(bench);
      const keys = new Issuer(bench, NEW_PIN);
      const wrong = { commandMac: (request: Parameters<Issuer["commandMac"]>[0]) => keys.commandMac({ ...request, key: "stk-ssse" }) };
      for (let tries = 0; tries < 10; tries += 1)
        expectEqual(await unblockPin(await bench.channel(), wrong, LIMITS), { kind: "refused", statusWord: 0x6988 }, "a wrong signature");
      expectEqual(await unblockPin(await bench.channel(), keys, LIMITS), { kind: "puk-locked" }, "the right signature");
      const reload = { algorithm, keys, keyTable: NATIONAL_KEYS, service: keys };
      expectEqual(await reloadPin(await bench.channel(), reload, LIMITS), { kind: "puk-locked" }, "PIN RELOAD");
      await bench.reset();
      await bench.apdu(SELECT_ENVIRONMENT);
      expectEqual(await unblockPin(await bench.channel(), keys, LIMITS), { kind: "puk-locked" }, "after a loss of power");
    },
  },
]);

const WITHOUT_KEYS: readonly ConformanceCase[] = [
  {
    id: "SOC-PIN-050",
    spec: RELOAD,
    title: "a wrong MAC or a block that holds no PIN sets none",
    tags: ["pin", "social", "maintenance", "negative"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { pin: PIN } });
      await bench.apdu(SELECT_ENVIRONMENT);
      const keys = new Issuer(bench, NEW_PIN);
      expectEqual(await prove(bench, "puk", keys), "authentic", "the unblocking key");
      const apdu = { cla: 0x84, ins: 0x24, p1: 0x00, p2: 0x01, data: new Uint8Array(16) };
      const answer = async (key: SocialKeyName) => sendSecured(await bench.channel(), { apdu, key, signer: keys }, LIMITS);
      expectEqual(await answer("stk-df04"), { kind: "refused", statusWord: 0x6988 }, "a MAC under another key");
      expectEqual(await answer("stk-ssse"), { kind: "refused", statusWord: 0x6a80 }, "a block that holds no PIN");
      expectEqual(await bench.apdu(`0020000003${PIN}`), "9000", "the PIN");
    },
  },
];

/** External authentication as a terminal does it. */
async function prove(bench: CardBench, key: SocialKeyName, issuer: Issuer, as: SocialKeyName = key): Promise<unknown> {
  const onCard = NATIONAL_KEYS[as]?.onCard ?? 0;
  return proveTerminal(await bench.channel(), { onCard, proof: (values) => issuer.authenticationData({ key, ...values }) }, LIMITS);
}

const KEYS: readonly (readonly [SocialDirectory, SocialKeyName])[] = [
  ["ssse", "uk-ssse"],
  ["ssse", "bk"],
  ["ssse", "puk"],
  ["ssse", "rk-ssse"],
  ["ssse", "lk"],
  ["df01", "rk1-df01"],
  ["df01", "uk6-df01"],
  ["df02", "rk1-df02"],
  ["df02", "uk5-df02"],
  ["df03", "rk1-df03"],
  ["df03", "rk2-df03"],
  ["df03", "uk2-df03"],
  ["df04", "rk1-df04"],
  ["df04", "uk1-df04"],
  ["df04", "uk2-df04"],
  ["df07", "rk3-df07"],
  ["df07", "uk1-df07"],
];

const select = (directory: SocialDirectory) => {
  const name = Array.from(DIRECTORY_NAMES[directory], (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `00A40400${directory === "ssse" ? "0F" : "06"}${name}00`;
};

const PROOFS: readonly ConformanceCase[] = KEYS.map(([directory, key], at) => {
  const algorithm = at % 2 === 0 ? "sm4" : "3des";
  const counts = key !== "bk" && key !== "lk";
  return {
    id: `SOC-PROOF-${key.toUpperCase()}`,
    spec: PROOF,
    title: `${key} is proved by whoever has it and by nobody else, ${counts ? "ten failures lock it" : "failures do not lock it"}`,
    tags: ["authentication", "social", algorithm],
    run: (context) => expectProof(context, { directory, key, algorithm, counts }),
  };
});

interface ProofCase {
  readonly directory: SocialDirectory;
  readonly key: SocialKeyName;
  readonly algorithm: "sm4" | "3des";
  readonly counts: boolean;
}

async function expectProof(context: ConformanceContext, { directory, key, algorithm, counts }: ProofCase): Promise<void> {
  const bench = new CardBench(context, { card: { algorithm } });
  const issuer = new Issuer(bench);
  await bench.apdu(select(directory));
  const refused = (statusWord: number) => ({ kind: "refused", statusWord });
  expectEqual(await prove(bench, "irk", issuer, key), refused(counts ? 0x63c9 : 0x63ca), "another key in its place");
  expectEqual(await prove(bench, key, issuer), "authentic", "the key itself");
  for (let left = 9; left >= 0; left -= 1) expectEqual(await prove(bench, "irk", issuer, key), refused(counts ? 0x63c0 + left : 0x63ca), "a failure");
  expectEqual(await prove(bench, key, issuer), counts ? refused(0x6983) : "authentic", "the key itself after ten failures");
}

const DIRECTORIES: readonly SocialDirectory[] = ["ssse", "df01", "df02", "df03", "df04", "df07"];

const APPLICATION_BLOCKS: readonly ConformanceCase[] = DIRECTORIES.map((directory, at) => {
  const algorithm = at % 2 === 0 ? "sm4" : "3des";
  return {
    id: `SOC-BLOCK-${directory.toUpperCase()}`,
    spec: APPLICATION_BLOCK,
    title: `${directory === "ssse" ? "the whole application" : directory.toUpperCase()} is blocked for good, and nothing else`,
    tags: ["social", "maintenance", algorithm],
    run: async (context) => {
      const bench = new CardBench(context, { card: { algorithm } });
      const request = { keys: new Issuer(bench), keyTable: NATIONAL_KEYS, directory };
      expectEqual(await blockApplication(await bench.channel(), request, LIMITS), { kind: "ok" }, "APPLICATION BLOCK");
      expectEqual(await bench.apdu("0084000008"), "9303", "the next command");
      await bench.reset();
      for (const each of DIRECTORIES) {
        const blocked = each === directory || directory === "ssse";
        expectEqual((await bench.apdu(select(each))).slice(-4), blocked ? "9303" : "9000", `selection of ${each}`);
      }
      expectEqual((await bench.apdu(SELECT_PURSE)).slice(-4), "9000", "selection of the purse");
      expectEqual(await blockApplication(await bench.channel(), request, LIMITS), { kind: "already-blocked" }, "once more");
    },
  };
});

const BLOCKS: readonly ConformanceCase[] = [
  ...ALGORITHMS.map(
    (algorithm, at): ConformanceCase => ({
      id: `SOC-BLOCK-CARD-${at}`,
      spec: CARD_BLOCK,
      title: `a blocked card says so to every command, also after a loss of power (${algorithm})`,
      tags: ["social", "maintenance", algorithm],
      run: async (context) => {
        const bench = new CardBench(context, { card: { algorithm } });
        expectEqual(await blockCard(await bench.channel(), { keys: new Issuer(bench), keyTable: NATIONAL_KEYS }, LIMITS), { kind: "ok" }, "CARD BLOCK");
        await bench.reset();
        for (const command of [SELECT_ENVIRONMENT, SELECT_PURSE, "0084000008"])
          expectEqual(await bench.apdu(command), "6a81", `answer to ${command.slice(0, 8)}`);
      },
    }),
  ),
  {
    id: "SOC-BLOCK-001",
    spec: APPLICATION_BLOCK,
    title: "without the control key nothing is blocked, and twenty wrong MACs do not lock it",
    tags: ["social", "maintenance", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const issuer = new Issuer(bench);
      await bench.apdu(select("df04"));
      const apdu = { cla: 0x84, ins: 0x1e, p1: 0x00, p2: 0x01 };
      const block = async (key: SocialKeyName) => sendSecured(await bench.channel(), { apdu, key, signer: issuer }, LIMITS);
      expectEqual(await block("stk-df04"), { kind: "refused", statusWord: 0x6982 }, "without the control key");
      expectEqual(await prove(bench, "lk", issuer), "authentic", "the control key");
      for (let tries = 0; tries < 20; tries += 1) expectEqual(await block("stk-ssse"), { kind: "refused", statusWord: 0x6988 }, "a wrong MAC");
      expectEqual(await block("stk-df04"), { kind: "ok" }, "the right MAC");
    },
  },
  {
    id: "SOC-BLOCK-002",
    spec: APPLICATION_BLOCK,
    title: "a terminal without the keys blocks nothing and says that it has none",
    tags: ["social", "maintenance", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const request = { keys: NO_KEYS, keyTable: NATIONAL_KEYS, directory: "df04" } as const;
      expectEqual(await blockApplication(await bench.channel(), request, LIMITS), { kind: "key-missing" }, "APPLICATION BLOCK");
      expectEqual(await blockCard(await bench.channel(), request, LIMITS), { kind: "key-missing" }, "CARD BLOCK");
      expectEqual((await bench.apdu(select("df04"))).slice(-4), "9000", "selection of DF04");
    },
  },
  {
    id: "SOC-BLOCK-003",
    spec: APPLICATION_BLOCK,
    title: "a control key proved in one directory blocks no other",
    tags: ["social", "maintenance", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const issuer = new Issuer(bench);
      await bench.apdu(select("df04"));
      expectEqual(await prove(bench, "lk", issuer), "authentic", "the control key");
      await bench.apdu(select("df03"));
      const apdu = { cla: 0x84, ins: 0x1e, p1: 0x00, p2: 0x01 };
      const answer = await sendSecured(await bench.channel(), { apdu, key: "stk-df03", signer: issuer }, LIMITS);
      expectEqual(answer, { kind: "refused", statusWord: 0x6982 }, "APPLICATION BLOCK in another directory");
    },
  },
];

const PARAMETERS = scripted([
  {
    id: "SOC-BLOCK-010",
    spec: APPLICATION_BLOCK,
    title: "blocks have one form of parameters and of length",
    tags: ["social", "maintenance", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["841E0000 04 11223344", "6a86"],
      ["841E0101 04 11223344", "6a86"],
      ["84160001 04 11223344", "6a86"],
      ["841E0001 03 112233", "6700"],
      ["84160000 05 1122334455", "6700"],
      ["84160000 04 11223344", "6982"],
    ],
  },
  {
    id: "SOC-BLOCK-011",
    spec: PROOF,
    title: "keys for MACs, keys of other directories and unknown numbers are not proved",
    tags: ["social", "authentication", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0082000210 0102030405060708 0102030405060708", "6a88"],
      ["0082008410 0102030405060708 0102030405060708", "6a88"],
      ["0082007710 0102030405060708 0102030405060708", "6a88"],
      ["0082010A10 0102030405060708 0102030405060708", "6a86"],
      ["0082000A11 0102030405060708 0102030405060708 02", "6a88"],
      ["0084000010", "*9000"],
      ["0082000A10 0102030405060708 0102030405060708", "6985"],
    ],
  },
]);

export const SOCIAL_MAINTENANCE_CASES: readonly ConformanceCase[] = [
  ...CHANGES,
  ...ISSUERS,
  ...WITHOUT_KEYS,
  ...PROOFS,
  ...APPLICATION_BLOCKS,
  ...BLOCKS,
  ...PARAMETERS,
];
