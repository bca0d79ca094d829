/* `rounds`: sells through real processes while broker and terminal are killed; the exit code says whether ledger and cards agree. */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { type Command, countOption, type OptionValues } from "../../device/system/command-line.ts";
import { type RoundReport, type RoundsOptions, type RoundsReport, runRounds } from "../rounds/rounds.ts";
import { isPlantedBug, PLANTED_BUGS } from "../world/planted-bugs.ts";

type Wanted = Pick<RoundsOptions, "seed" | "rounds" | "records" | "brokerKills" | "terminalKills" | "jobs" | "plant">;

function readOptions(values: OptionValues): Wanted | string {
  const rounds = countOption(values, "rounds", { min: 1, max: 10_000 });
  const records = countOption(values, "records", { min: 10, max: 100_000 });
  const kills = countOption(values, "kills", { min: 0, max: 100 });
  const jobs = countOption(values, "jobs", { min: 1, max: 8 });
  if (rounds === undefined || records === undefined || kills === undefined || jobs === undefined)
    return "--rounds, --records, --kills and --jobs are whole numbers";
  const seed = typeof values["seed"] === "string" ? values["seed"] : String(systemClock().wallMs());
  const { plant } = values;
  if (typeof plant === "string" && !isPlantedBug(plant)) return `--plant takes one of: ${Object.keys(PLANTED_BUGS).join(", ")}`;
  return { seed, rounds, records, brokerKills: kills, terminalKills: kills, jobs, ...(typeof plant === "string" ? { plant } : {}) };
}

/** One line about a round. */
export function roundLine({ seed, records, sales, amountFen, kills, resolved, equal, unknown, realMs }: RoundReport): string {
  const verdict = equal ? "equal" : "NOT EQUAL";
  return `round ${seed}: ${records} records, ${sales} sales, ${amountFen} fen, broker killed ${kills.broker} times, terminal ${kills.terminal} times, ${resolved.done} + ${resolved.void} torn sales resolved as paid + void, ${unknown} unknown, ${verdict} (${(realMs / 1000).toFixed(1)} s)`;
}

function summary({ seed, rounds, records, sales, kills, equal, unknown, realMs, byRound }: RoundsReport): string {
  const faults = byRound.flatMap((round) =>
    round.equal ? [] : [`${round.seed}:`, ...round.differences.map((difference) => `  ${difference}`), round.complaints],
  );
  return [
    `${rounds} rounds of seed ${seed}: ${records} records, ${sales} sales, broker killed ${kills.broker} times, terminal ${kills.terminal} times, ${unknown} unknown`,
    `ledger and card debits are ${equal ? "equal in every round" : "NOT equal"} (${(realMs / 1000).toFixed(0)} s)`,
    ...faults,
  ].join("\n");
}

async function rounds(wanted: Wanted, json: boolean): Promise<number> {
  const report = await runRounds({
    ...wanted,
    suite: openCipherSuite(),
    clock: systemClock(),
    onRound: (round) => process.stderr.write(`${roundLine(round)}\n`),
  });
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${summary(report)}\n`);
  return report.equal ? 0 : 1;
}

export const roundsCommand: Command = {
  name: "rounds",
  summary: "kills broker and terminal while sales are made and uploaded through mosquitto, and compares ledger and cards",
  options: {
    rounds: { type: "string", summary: "how many rounds", default: "3" },
    records: { type: "string", summary: "journal entries of each round, at least", default: "1000" },
    kills: { type: "string", summary: "how often broker and terminal are killed in each round", default: "5" },
    jobs: { type: "string", summary: "rounds at once", default: "2" },
    seed: { type: "string", summary: "where the kills fall is drawn from this; default: the time of day" },
    plant: { type: "string", summary: `plants a bug in the terminal: ${Object.keys(PLANTED_BUGS).join(", ")}` },
    json: { type: "boolean", summary: "one JSON object instead of a summary" },
  },
  run: async (values) => {
    const wanted = readOptions(values);
    if (typeof wanted === "string") {
      process.stderr.write(`${wanted}\n`);
      return 2;
    }
    return rounds(wanted, values["json"] === true);
  },
};
