/* PIN, block and update commands that are torn: each is done whole or not at all. */
import type { TearPoint } from "../../card/state.ts";
import { PurseBench } from "../purse-bench.ts";
import type { ConformanceCase, Tag } from "../types.ts";
import { block, lockPin, PIN_QUERY, purse, RIGHT_PIN, WRONG_PIN } from "./purse-maintenance.ts";

interface TornCommand {
  readonly name: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  /** What has happened on the card before. */
  readonly before?: (bench: PurseBench) => Promise<void>;
  /** The command, made after the card was selected anew. */
  readonly command: (bench: PurseBench) => Promise<string>;
  readonly verify: (bench: PurseBench, happened: boolean) => Promise<void>;
  /** The card answers SELECT with "blocked" before the command. */
  readonly blocked?: true;
}

const TORN: readonly TornCommand[] = [
  {
    name: "VERIFY",
    spec: "PBOC purse, VERIFY",
    title: "a wrong PIN",
    tags: ["pin"],
    command: async () => WRONG_PIN,
    verify: (bench, happened) => bench.expect(PIN_QUERY, happened ? "63c2" : "63c3"),
  },
  {
    name: "CHANGE",
    spec: "PBOC purse, CHANGE PIN",
    title: "a change of the PIN",
    tags: ["pin"],
    command: async () => "805E010007123456FF654321",
    verify: (bench, happened) => bench.expect(happened ? WRONG_PIN : RIGHT_PIN, "9000"),
  },
  {
    name: "RELOAD",
    spec: "PBOC purse, RELOAD PIN",
    title: "a reload of the PIN",
    tags: ["pin"],
    command: async (bench) => bench.terminal.reloadPinHex("654321"),
    verify: (bench, happened) => bench.expect(happened ? WRONG_PIN : RIGHT_PIN, "9000"),
  },
  {
    name: "UNLOCK",
    spec: "PBOC purse, PIN UNBLOCK",
    title: "an unlock of the PIN",
    tags: ["pin"],
    before: lockPin,
    command: async (bench) => bench.terminal.unblockPinHex("123456", await bench.ok("0084000004")),
    verify: (bench, happened) => bench.expect(RIGHT_PIN, happened ? "9000" : "6983"),
  },
  {
    name: "BLOCK",
    spec: "PBOC purse, APPLICATION BLOCK",
    title: "a block",
    tags: [],
    command: async (bench) => bench.terminal.securedHex("purse-application", await bench.ok("0084000004"), { head: "841E0000" }),
    verify: (bench, happened) => bench.expect("805C000204", happened ? "9303" : "000027109000"),
  },
  {
    name: "UNBLOCK",
    spec: "PBOC purse, APPLICATION UNBLOCK",
    title: "an unblock",
    tags: [],
    blocked: true,
    before: (bench) => block(bench, "00"),
    command: async (bench) => bench.terminal.securedHex("purse-application", await bench.ok("0084000004"), { head: "84180000" }),
    verify: (bench, happened) => bench.expect("805C000204", happened ? "000027109000" : "9303"),
  },
  {
    name: "UPDATE",
    spec: "PBOC purse, secure messaging",
    title: "an update of a file",
    tags: ["files"],
    command: async (bench) => bench.terminal.securedHex("purse-application", await bench.ok("0084000004"), { head: "04D69600", data: "4142" }),
    verify: (bench, happened) => bench.expect("00B0960003", happened ? "4142009000" : "0000009000"),
  },
];

const POINTS: readonly TearPoint[] = ["before", "during", "after"];

export const PURSE_MAINTENANCE_TORN_CASES: readonly ConformanceCase[] = TORN.flatMap((torn) =>
  POINTS.map(
    (at): ConformanceCase => ({
      id: `PPN-TORN-${torn.name}-${at}`.toUpperCase(),
      spec: torn.spec,
      title: `${torn.title} torn ${at} the card's commit is done whole or not at all`,
      tags: ["maintenance", "torn", ...torn.tags],
      run: async (context) => {
        const bench = new PurseBench(context, purse({ transit: "t-union" }));
        await bench.select();
        await torn.before?.(bench);
        await bench.bench.reset();
        await bench.expect(bench.terminal.selectHex, torn.blocked === true ? "9303" : "*9000");
        await bench.torn(await torn.command(bench), at);
        await bench.bench.reset();
        await bench.bench.apdu(bench.terminal.selectHex);
        await torn.verify(bench, at === "after");
      },
    }),
  ),
);
