/* The acquirer over real sockets on loopback: frames in pieces and in a row, and what goes wrong on the way. */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Bytes, concat, fromHex, toHex, u16be } from "../../../device/base/bytes.ts";
import { systemClock } from "../system.ts";
import { type AcquirerServer, openAcquirerServer } from "./acquirer-server.ts";
import { applyLineFault, LINE_FAULTS, type LineFaultName } from "./line-faults.ts";

const servers: AcquirerServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Bench {
  readonly server: AcquirerServer;
  readonly asked: string[];
}

/** An acquirer that answers every body with ff in front of it; that of aa alone gets no reply. */
async function bench(): Promise<Bench> {
  const asked: string[] = [];
  const exchange = (body: Bytes) => {
    asked.push(toHex(body));
    return Promise.resolve(toHex(body) === "aa" ? undefined : concat(fromHex("ff"), body));
  };
  const server = await openAcquirerServer({ clock: systemClock, exchange });
  servers.push(server);
  return { server, asked };
}

interface Heard {
  readonly hex: string;
  readonly ended: boolean;
}

/** Writes the parts, and hears until as many bytes came, the line ended, or nothing came for a while. */
function speak(server: AcquirerServer, parts: readonly Bytes[], wantedBytes: number): Promise<Heard> {
  return new Promise((resolve) => {
    const heard: Uint8Array[] = [];
    const socket = connect(server.port, "127.0.0.1");
    sockets.push(socket);
    const quiet = setTimeout(() => resolve({ hex: toHex(concat(...heard)), ended: false }), 400);
    const end = (ended: boolean) => {
      clearTimeout(quiet);
      resolve({ hex: toHex(concat(...heard)), ended });
    };
    socket.on("data", (part) => {
      heard.push(Uint8Array.from(part as Buffer));
      if (concat(...heard).length >= wantedBytes) end(false);
    });
    socket.on("error", () => end(true));
    socket.on("close", () => end(true));
    socket.on("connect", () => {
      for (const part of parts) socket.write(part);
    });
  });
}

function frame(hex: string): Bytes {
  return concat(u16be(hex.length / 2), fromHex(hex));
}

test("frames that come in pieces and in a row are answered in their order", async () => {
  const { server, asked } = await bench();
  const bytes = concat(frame("0102"), frame("03"), frame("0405"));
  const heard = await speak(server, [bytes.slice(0, 1), bytes.slice(1, 6), bytes.slice(6)], 14);
  expect(heard.hex).toBe("0003ff01020002ff030003ff0405");
  expect(asked).toEqual(["0102", "03", "0405"]);
});

const FAULTS: readonly (readonly [fault: LineFaultName, hex: string, ended: boolean, seen: number])[] = [
  ["hang", "", false, 1],
  ["hang-before", "", false, 0],
  ["reset", "", true, 1],
  ["reset-before", "", true, 0],
  ["half", "0003", true, 1],
  ["pieces", "0003ff0102", false, 1],
  ["twice", "0003ff01020003ff0102", false, 1],
  ["long-length", "0008ff0102", false, 1],
  ["empty", "00000003ff0102", false, 1],
];

test.each(FAULTS)("fault %s", async (fault, hex, ended, seen) => {
  const { server, asked } = await bench();
  expect(applyLineFault(server.faults, { fault })).toBeUndefined();
  const heard = await speak(server, [frame("0102")], ended ? 99 : Math.max(1, hex.length / 2));
  expect(heard).toEqual({ hex, ended });
  expect(asked).toHaveLength(seen);
});

test("every named fault is in the table above", () => {
  expect(FAULTS.map(([fault]) => fault).toSorted()).toEqual(Object.keys(LINE_FAULTS).toSorted());
});

test("a message that gets no reply stops nobody behind it; a frame that is too long ends its line", async () => {
  const { server } = await bench();
  expect((await speak(server, [concat(frame("aa"), frame("01"))], 4)).hex).toBe("0002ff01");
  expect((await speak(server, [fromHex("ffff01")], 4)).ended).toBe(true);
  expect(Object.fromEntries(server.counters)).toEqual({ frame: 2, "dropped: frame too long": 1 });
});

test.each([
  ["no object", 5, "not-an-object"],
  ["an unknown fault", { fault: "dance" }, /^a fault is one of/],
  ["too many", { fault: "hang", count: 1_001 }, /^count is/],
])("an instruction with %s is refused", async (_, value, reason) => {
  const { server } = await bench();
  expect(applyLineFault(server.faults, value)).toEqual(typeof reason === "string" ? reason : expect.stringMatching(reason));
  expect(server.faults.planned).toEqual([]);
});
