/* Orders of the host: each done once, told in the journal, whatever is cut off between two steps. */
import { describe, expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../simulators/disk/storage.ts";
import { utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { SILENT } from "../base/log.ts";
import type { EntryDraft, JournalEntry } from "../txn/journal/types.ts";
import { openRemoteCommands, type RemoteActs } from "./commands.ts";

function place(change: Partial<RemoteActs> = {}) {
  const disk = new SimulatedStorageDisk();
  const acts: string[] = [];
  const told: EntryDraft["detail"][] = [];
  const journal = { fails: false };
  let sequence = 0;
  const note = (what: string) => () => {
    acts.push(what);
    return Promise.resolve();
  };
  return {
    acts,
    told,
    journal,
    open: () =>
      openRemoteCommands({
        storage: disk.open(),
        log: SILENT,
        journal: {
          append: (draft) => {
            if (journal.fails) return Promise.reject(new Fault("store-broken", "no disk", { effectUnknown: true }));
            told.push(draft.detail);
            // The commands use nothing of what comes back.
            return Promise.resolve({} as JournalEntry);
          },
        },
        acts: {
          restart: () => void acts.push("restart"),
          setLogLevel: (level) => acts.push(level),
          drain: () => void acts.push("drain"),
          reloadKeys: note("reload-keys"),
          decommission: note("decommission"),
          ...change,
        },
      }),
    document: (commands: unknown, more: object = {}) => {
      sequence += 1;
      return { stream: "commands", sequence, base: 0, issuedMs: 1, body: utf8(JSON.stringify({ commands, ...more })) };
    },
  };
}

describe("orders of the host", () => {
  it("are done in their order and told with their outcome", async () => {
    const { open, acts, told, document } = place({
      reloadKeys: () => Promise.reject(new Fault("key-missing", "no such key", { effectUnknown: false })),
    });
    const commands = await open();
    const orders = [
      { id: "1", do: "log-level", level: "warn" },
      { id: "2", do: "reload-keys" },
      { id: "3", do: "drain" },
    ];
    expect(await commands.taker.take(document(orders))).toEqual({ kind: "taken" });
    expect(acts).toEqual(["warn", "drain"]);
    expect(told).toEqual([
      { operation: "remote-command", command: "1", do: "log-level", outcome: "done" },
      { operation: "remote-command", command: "2", do: "reload-keys", outcome: "failed", reason: "key-missing" },
      { operation: "remote-command", command: "3", do: "drain", outcome: "done" },
    ]);
  });

  it("that come again under a later sequence are not done again, also after a start", async () => {
    const { open, acts, document } = place();
    const first = await open();
    await first.taker.take(document([{ id: "1", do: "restart" }]));
    await first.taker.take(
      document([
        { id: "1", do: "restart" },
        { id: "2", do: "drain" },
      ]),
    );
    const second = await open();
    await second.resume();
    expect(await second.taker.take(document([{ id: "2", do: "drain" }]))).toEqual({ kind: "taken" });
    expect(acts).toEqual(["restart", "drain"]);
  });

  it("that were begun and not told are done at the next start, the rest after them", async () => {
    const { open, acts, told, journal, document } = place();
    const first = await open();
    journal.fails = true;
    await expect(
      first.taker.take(
        document([
          { id: "1", do: "drain" },
          { id: "2", do: "reload-keys" },
        ]),
      ),
    ).rejects.toThrow("no disk");
    journal.fails = false;
    const second = await open();
    expect(second.taker.have()).toBe(1);
    await second.resume();
    expect(acts).toEqual(["drain", "drain", "reload-keys"]);
    expect(told.map((detail) => detail["command"])).toEqual(["1", "2"]);
    await second.resume();
    expect(acts).toHaveLength(3);
  });

  it("are done once each and none is lost where what was begun is taken up while others come", async () => {
    for (let pause = 0; pause < 12; pause += 1) {
      const { open, acts, told, journal, document } = place();
      const first = await open();
      journal.fails = true;
      await expect(first.taker.take(document([{ id: "1", do: "reload-keys" }]))).rejects.toThrow("no disk");
      journal.fails = false;
      acts.length = 0;
      const second = await open();
      const resumed = second.resume();
      for (let turn = 0; turn < pause; turn += 1) await Promise.resolve();
      const taken = second.taker.take(document([{ id: "2", do: "decommission" }]));
      const again = second.resume();
      expect((await Promise.all([taken, resumed, again]))[0]).toEqual({ kind: "taken" });
      expect([pause, acts]).toEqual([pause, ["reload-keys", "decommission"]]);
      expect(told.map((detail) => detail["command"])).toEqual(["1", "2"]);
      const third = await open();
      await third.resume();
      expect([acts.length, third.taker.have()]).toEqual([2, 2]);
    }
  });

  it.each([
    ["an act nobody knows", [{ id: "1", do: "format" }]],
    ["a level nobody knows", [{ id: "1", do: "log-level", level: "all" }]],
    [
      "one id twice",
      [
        { id: "1", do: "drain" },
        { id: "1", do: "restart" },
      ],
    ],
    ["more members", [{ id: "1", do: "drain", now: true }]],
    ["no list", "drain"],
    ["too many", Array.from({ length: 17 }, (_, nth) => ({ id: `${nth}`, do: "drain" }))],
  ])("with %s are refused as a whole", async (_what, orders) => {
    const { open, acts, document } = place();
    const commands = await open();
    expect(await commands.taker.take(document(orders))).toEqual({ kind: "refused", reason: "commands-malformed" });
    expect([acts, commands.taker.have()]).toEqual([[], 0]);
  });

  it("that are older, or continue something, are refused", async () => {
    const { open, document } = place();
    const commands = await open();
    const old = document([{ id: "1", do: "drain" }]);
    await commands.taker.take(document([]));
    expect(await commands.taker.take(old)).toEqual({ kind: "refused", reason: "commands-older" });
    expect(await commands.taker.take({ ...document([]), base: 2 })).toEqual({ kind: "refused", reason: "commands-malformed" });
    expect(await commands.taker.take(document([], { more: 1 }))).toEqual({ kind: "refused", reason: "commands-malformed" });
  });
});
