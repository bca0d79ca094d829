/* Opens a journal's store, makes one entry durable, says so, and holds it until it is killed. */
import { openSqliteStore } from "../../../device/txn/journal/sqlite/store.ts";
import { say } from "./say.ts";

const store = await openSqliteStore({ folder: process.argv[2] ?? "", limitBytes: 64 * 1024 * 1024 });
await store.commit({
  entries: [{ seq: 1, subject: "s1", kind: "quick-payment", state: "prepared", body: "{}", hash: "00".repeat(32) }],
  subjects: [{ subject: "s1", kind: "quick-payment", state: "prepared", firstSeq: 1, lastSeq: 1, amountFen: 1, cardKey: "" }],
});
say("held");
setInterval(() => undefined, 60_000);
