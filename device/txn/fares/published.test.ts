import { expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { canonicalJson } from "../../codec/json.ts";
import type { HostDocument } from "../hosts.ts";
import { openFareBook } from "./book.ts";
import { openPublishedFares } from "./published.ts";
import { checkedTables, shippedTable } from "./testing.ts";

const CONFIGURED = openFareBook(checkedTables(shippedTable("example-bus")));

/** The shipped bus with another minimum balance, by which sets are told apart. */
function setOf(minimumBalanceFen: number): object {
  const bus = shippedTable("example-bus");
  return { tables: [{ ...bus, ride: { ...bus.ride, minimumBalanceFen } }] };
}

const document = (sequence: number, body: object, base = 0): HostDocument => ({
  stream: "fares",
  sequence,
  base,
  issuedMs: 0,
  body: utf8(canonicalJson(body)),
});

const [PLACE] = checkedTables(shippedTable("example-bus"))[0]?.places ?? [];

const LANES = [{ name: "a", city: shippedTable("example-bus").city, place: PLACE?.place ?? "" }];

async function openWorld(disk = new SimulatedStorageDisk()) {
  const { taker, book } = await openPublishedFares({ storage: disk.open(), log: SILENT }, { book: CONFIGURED, lanes: LANES });
  const minimum = () => book.entryTerms({ place: PLACE?.place ?? "", date: "20260601", time: "080000" })?.minimumBalance;
  return { disk, taker, minimum, reopened: () => openWorld(disk) };
}

it("a set is in force at once and after a restart; until the first the configured tables are", async () => {
  const { taker, minimum, reopened } = await openWorld();
  const configured = minimum();
  expect([configured, taker.have()]).toEqual([CONFIGURED.entryTerms({ place: PLACE?.place ?? "", date: "20260601", time: "080000" })?.minimumBalance, 0]);
  expect(await taker.take(document(3, setOf(111)))).toEqual({ kind: "taken" });
  expect(minimum()).toBe(111);
  const next = await reopened();
  expect([next.minimum(), next.taker.have()]).toEqual([111, 3]);
});

it("a rollback puts the set before it back, and the next one the other, through restarts", async () => {
  const first = await openWorld();
  await first.taker.take(document(1, setOf(111)));
  await first.taker.take(document(2, setOf(222)));
  expect(await first.taker.take(document(3, { rollback: true }))).toEqual({ kind: "taken" });
  expect(first.minimum()).toBe(111);
  const second = await first.reopened();
  expect([second.minimum(), second.taker.have()]).toEqual([111, 3]);
  expect(await second.taker.take(document(4, { rollback: true }))).toEqual({ kind: "taken" });
  expect(second.minimum()).toBe(222);
});

it.each<[string, HostDocument]>([
  ["fares-unusable", document(9, { tables: [{ ...shippedTable("example-bus"), city: "1234" }] })],
  ["fares-continue-nothing", document(9, setOf(333), 8)],
  ["fares-older", document(2, setOf(333))],
  ["fares-malformed", { ...document(9, {}), body: utf8("{") }],
  ["fares-malformed", document(9, [])],
  ["fares-malformed", document(9, {})],
  ["fares-malformed", document(9, { ...setOf(333), rollback: true })],
  ["fares-malformed", document(9, { ...setOf(333), later: 1 })],
  ["fares-malformed", document(9, { rollback: false })],
  ["fares-nothing-before", document(9, { rollback: true })],
  ["fares-unusable", document(9, { tables: [] })],
  ["fares-unusable", document(9, { tables: [{ id: "half" }] })],
])("%s: refused, and the set in use stays", async (reason, refused) => {
  const { taker, minimum, reopened } = await openWorld();
  await taker.take(document(2, setOf(222)));
  expect(await taker.take(refused)).toEqual({ kind: "refused", reason });
  expect([minimum(), taker.have()]).toEqual([222, 2]);
  expect((await reopened()).minimum()).toBe(222);
});

it("a disk that fails leaves the set in use, here and after a restart", async () => {
  const { disk, taker, minimum, reopened } = await openWorld();
  await taker.take(document(1, setOf(111)));
  let full = true;
  disk.onChange(() => (full ? { kind: "full" } : { kind: "go" }));
  await expect(taker.take(document(2, setOf(222)))).rejects.toMatchObject({ code: "store-full" });
  expect([minimum(), taker.have(), (await reopened()).minimum()]).toEqual([111, 1, 111]);
  full = false;
  const later = await reopened();
  expect(await later.taker.take(document(2, setOf(222)))).toEqual({ kind: "taken" });
  expect(later.minimum()).toBe(222);
});

it("a set that is no longer understood: the configured tables hold, and the host is told by its refusal", async () => {
  const { disk, taker, reopened } = await openWorld();
  await taker.take(document(5, setOf(111)));
  disk.damage("fares", utf8(canonicalJson({ sequence: 5, current: [{ id: "half" }], previous: [] })));
  const next = await reopened();
  expect([next.taker.have(), next.minimum()]).toEqual([0, (await openWorld()).minimum()]);
});

it("a file that is damaged is none: the configured tables hold, and the host sends the set again", async () => {
  const { disk, taker, reopened } = await openWorld();
  await taker.take(document(5, setOf(111)));
  disk.damage("fares", utf8('{"sequence":"5"}'));
  const next = await reopened();
  expect([next.taker.have(), await next.taker.take(document(5, setOf(111)))]).toEqual([0, { kind: "taken" }]);
});
