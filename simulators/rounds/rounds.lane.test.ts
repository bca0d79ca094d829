/*
 * Records uploaded through mosquitto with mutual TLS while broker and terminal are killed with SIGKILL: ledger equals card debits, every round.
 * ROUNDS, RECORDS and ROUNDS_SEED change size and seed; moments of the real clock are not repeated by a seed, the plan of kills is.
 */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFailed, test } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { roundLine } from "../commands/rounds.ts";
import { Ledger } from "../host/ledger.ts";
import { answered } from "./line-process.ts";
import { type RoundReport, type RoundsOptions, startRounds } from "./rounds.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? "20");
const RECORDS = Number(process.env["RECORDS"] ?? "1000");
const SEED = process.env["ROUNDS_SEED"] ?? String(Date.now());
const ROUND_TEST_MS = 450_000;

const base = { suite: openCipherSuite(), clock: systemClock(), seed: SEED };

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Begins with the first test that asks, so that a filtered run starts nothing in vain. */
function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

describe(`${ROUNDS} rounds of ${RECORDS} records, seed ${SEED}`, () => {
  const reports = lazily(() =>
    startRounds({ ...base, rounds: ROUNDS, records: RECORDS, brokerKills: 5, terminalKills: 5, jobs: 2, onRound: (report) => say(roundLine(report)) }),
  );

  it.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
    "round %i: the settlement ledger equals the card debits",
    async (round) => {
      const report = await reports()[round - 1];
      onTestFailed(() => say(report?.complaints ?? "the round gave no report"));
      expect(report).toMatchObject({ differences: [], equal: true, unknown: 0 });
      expect(report?.records).toBeGreaterThanOrEqual(RECORDS);
      expect(report?.sales).toBeGreaterThanOrEqual(RECORDS / 4);
      expect(report?.kills.broker).toBe(5);
      expect(report?.kills.terminal).toBeGreaterThanOrEqual(5);
    },
    ROUND_TEST_MS,
  );

  it.runIf(ROUNDS >= 10)("the kills struck sales before and after their cards had debited", async () => {
    const all = await Promise.all(reports());
    expect(all.some(({ resolved }) => resolved.done > 0)).toBe(true);
    expect(all.some(({ resolved }) => resolved.void > 0)).toBe(true);
  });
});

/** One small round. */
async function smallRound(options: Partial<RoundsOptions>): Promise<RoundReport> {
  const [report] = startRounds({ ...base, seed: `${SEED}/control`, rounds: 1, records: 80, brokerKills: 1, terminalKills: 1, jobs: 1, ...options });
  if (report === undefined) throw new Error("a round was asked for");
  return report;
}

function changeLedger(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

const ONE = "(SELECT subject FROM bookings ORDER BY subject LIMIT 1)";

const DAMAGES: readonly (readonly [what: string, sql: string, found: RegExp])[] = [
  [
    "a booking is doubled under another name",
    `INSERT INTO bookings SELECT subject || '-again', tid, journal_id, kind, amount_fen, booked_seq, proof, NULL, flags FROM bookings WHERE subject = ${ONE}`,
    /stands twice/,
  ],
  ["a booking is lost", `DELETE FROM bookings WHERE subject = ${ONE}`, /is not booked/],
  ["a booking is one fen too high", `UPDATE bookings SET amount_fen = amount_fen + 1 WHERE subject = ${ONE}`, /is booked as/],
];

describe("the comparison is able to fail", () => {
  it.each(DAMAGES)(
    "when %s",
    async (_what, sql, found) => {
      const { equal, differences } = await smallRound({ records: 40, brokerKills: 0, terminalKills: 0, beforeCompare: (file) => changeLedger(file, sql) });
      expect(equal).toBe(false);
      expect(differences.join("\n")).toMatch(found);
      expect(differences.join("\n")).toMatch(/fen are booked, the cards debited/);
    },
    ROUND_TEST_MS,
  );

  it(
    "when a terminal debits again after a restart what it had only prepared before",
    async () => {
      const { differences } = await smallRound({ terminalKills: 5, brokerKills: 0, killMoments: ["after-debit"], plant: "debit-again-after-reboot" });
      expect(differences.join("\n")).toMatch(/debit .* is not booked/);
    },
    ROUND_TEST_MS,
  );

  it(
    "when the host's ledger is put back to an old backup and nobody is asked for what is missing",
    async () => {
      const { equal, differences } = await smallRound({
        halfway: async (host) => {
          expect(answered(await host.ask({ command: "take-backup" }, 10_000), "the host")).toMatchObject({ ok: true });
        },
        beforeCompare: (file) => {
          const ledger = Ledger.open(file);
          ledger.restoreBackup();
          ledger.close();
        },
      });
      expect(equal).toBe(false);
      expect(differences.join("\n")).toMatch(/is not booked/);
      expect(differences.join("\n")).toMatch(/the host has \d+ records, the journal \d+ entries/);
    },
    ROUND_TEST_MS,
  );
});

test(
  "a terminal that always dies between debit and record pays once for each sale",
  async () => {
    const { differences, resolved } = await smallRound({ terminalKills: 5, brokerKills: 0, killMoments: ["after-debit"] });
    expect(differences).toEqual([]);
    expect(resolved.done).toBeGreaterThan(0);
  },
  ROUND_TEST_MS,
);

describe("a host that asks", () => {
  it(
    "has everything again after it was put back to a backup while the terminal was at work",
    async () => {
      const restored: unknown[] = [];
      const report = await smallRound({
        records: 200,
        halfway: async (host) => {
          await host.ask({ command: "take-backup" }, 10_000);
          void base.clock.sleep(400).then(async () => restored.push(await host.ask({ command: "restore-backup" }, 10_000)));
        },
      });
      expect(restored).toMatchObject([{ ok: true }]);
      expect(report).toMatchObject({ differences: [], equal: true, unknown: 0 });
    },
    ROUND_TEST_MS,
  );
});
