/* What must fail: lowdb's own file adapter, which flushes nothing. Says the same as the configuration's workload. */
import { join } from "node:path";
import { Low } from "lowdb";
import { JSONFile } from "lowdb/node";
import { say } from "./say.ts";

const database = new Low(new JSONFile<{ number: number; filler: string }>(join(process.argv[2] ?? "", "terminal.json")), { number: 0, filler: "" });
for (let number = 1; number <= 40; number += 1) {
  database.data = { number, filler: String(number % 10).repeat(6000 + 2700 * (number % 9)) };
  await database.write();
  say(String(number));
}
