import { describe, expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { type BookEntry, ListBook } from "../../../simulators/host/lists.ts";
import type { ListHit } from "./lists.ts";
import { openTestLists, SUITE } from "./testing.ts";
import { openListThreads } from "./threads.ts";
import { beginJob, type ListSecrets, ListTools, PART_BYTES, type WorkRequest } from "./work.ts";

const secrets = (): ListSecrets => ({
  fingerprints: new Uint8Array(16).fill(1),
  encryption: new Uint8Array(16).fill(2),
  authentication: new Uint8Array(16).fill(3),
});
const listed = (count: number): BookEntry => ({ entry: "number", number: "purse-serial", value: String(10_000_000 + count) });
/** More than one piece. */
const MANY = PART_BYTES / 4 + 1_000;

function bookOf(entries: number): ListBook {
  const book = new ListBook("city");
  for (let at = 0; at < entries; at += 1) book.list(listed(at));
  return book.list({ entry: "block", number: "purse-serial", value: "77" });
}

describe("lists in threads of their own", () => {
  it("are what one thread makes of them, over whole lists, changes, a new base and a start", async () => {
    const disk = new SimulatedStorageDisk();
    const options = { disk, foldAt: 100 };
    const first = await openTestLists({ ...options, openWorkshop: openListThreads });
    const book = bookOf(MANY);
    expect(await first.take(book.whole())).toEqual({ kind: "taken" });
    // The third of these makes the first ones a new base, while the next ones come.
    for (let step = 0; step < 8; step += 1) {
      for (let at = 0; at < 40; at += 1) book.list(listed(1_000_000 + step * 40 + at)).takeBack(listed(step * 40 + at));
      expect(await first.take(book.changes())).toEqual({ kind: "taken" });
    }
    await first.log.when("list-folded");
    const asked = [0, 319, 320, MANY - 1, MANY, 1_000_000, 1_000_319, 1_000_320].map(
      (count) => ({ number: "purse-serial", value: String(10_000_000 + count) }) as const,
    );
    const found = (lists: { find: typeof first.lists.find }): readonly (ListHit["how"] | undefined)[] => asked.map((key) => lists.find([key])?.how);
    const expected = [undefined, undefined, "exact", "exact", undefined, "exact", "exact", undefined];
    expect(found(first.lists)).toEqual(expected);
    await first.close();
    const second = await openTestLists({ ...options, openWorkshop: openListThreads });
    expect(found(second.lists)).toEqual(expected);
    expect(second.lists.find([{ number: "purse-serial", value: "77" }])?.blockOrdered).toBe(true);
    expect(second.lists.states()).toEqual(first.lists.states());
    await second.close();
    expect(found((await openTestLists(options)).lists)).toEqual(expected);
  });

  it("answer a question at once while a version is made, by the one before it", async () => {
    const { lists, take, close } = await openTestLists({ openWorkshop: openListThreads });
    const book = bookOf(10);
    await take(book.whole());
    const taking = take(book.list(listed(500)).changes());
    const key = { number: "purse-serial", value: String(10_000_500) } as const;
    expect(lists.find([key])).toBeUndefined();
    await taking;
    expect(lists.find([key])?.how).toBe("exact");
    await close();
  });

  it("give the answer of the job, whatever the pieces", async () => {
    const workshop = openListThreads(secrets());
    const { body } = bookOf(100).whole();
    const request: WorkRequest = { do: "whole", level: "city" };
    const job = beginJob(new ListTools(SUITE, secrets()), request);
    job.push(body);
    const answer = await workshop.run(request, [body.subarray(0, 5), body.subarray(5, 300), body.subarray(300)]);
    const alone = job.end();
    expect(answer.kind === "made" && alone.kind === "made" ? [answer.stored, answer.entries] : answer).toEqual(
      alone.kind === "made" ? [alone.stored, 101] : undefined,
    );
    expect(await workshop.run(request, [body.subarray(1)])).toEqual({ kind: "refused", reason: "list-malformed" });
    await workshop.close();
  });

  it("reject what is asked when they are closed, and what was under way", async () => {
    const { take, close, takers } = await openTestLists({ openWorkshop: openListThreads });
    const book = bookOf(MANY);
    const issue = book.whole();
    const taking = take(issue);
    const rejected = expect(taking).rejects.toMatchObject({ code: "closed" });
    await close();
    await rejected;
    await expect(take(issue)).rejects.toMatchObject({ code: "closed" });
    expect(takers.map((taker) => taker.have())).toEqual([0, 0, 0]);
  });

  it("do a job again whose thread has died", async () => {
    let died = 0;
    const { take, close, log } = await openTestLists({
      openWorkshop: (given) => {
        const workshop = openListThreads(given);
        return {
          run: (request, pieces) => {
            if (died > 0) return workshop.run(request, pieces);
            died += 1;
            // What no job takes ends its thread.
            return workshop.run(
              { do: "join", version: { base: new SharedArrayBuffer(0), overlay: new SharedArrayBuffer(0), exact: new SharedArrayBuffer(0) }, changes: [] },
              [],
            );
          },
          close: () => workshop.close(),
        };
      },
    });
    expect(await take(bookOf(3).whole())).toEqual({ kind: "taken" });
    expect(log.has("list-worker-ended")).toBe(true);
    await close();
  });
});
