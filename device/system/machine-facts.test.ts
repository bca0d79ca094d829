import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { machineNumbers, machineWords } from "./machine-facts.ts";

function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "yikatong-machine-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

test("a Raspberry Pi says its serial and its card's number, without the zero byte behind it", async () => {
  const root = machine({
    "proc/device-tree/serial-number": "10000000abcdef01\0",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "sys/block/loop0/serial": "loop",
    "sys/block/mmcblk0/device/cid": "035344534333324785\n",
    "sys/class/net/lo/address": "00:00:00:00:00:00",
    "sys/class/net/eth0/address": "dc:a6:32:00:00:01\n",
    "sys/class/net/eth0/device/uevent": "",
  });
  expect(await machineNumbers(root)).toEqual({
    "pi-serial": "10000000abcdef01",
    "machine-id": "0123456789abcdef0123456789abcdef",
    "disk-id": "035344534333324785",
    mac: "dc:a6:32:00:00:01",
  });
  expect(await machineWords(root)).toMatchObject({ model: "Raspberry Pi 4 Model B Rev 1.4" });
  rmSync(root, { recursive: true });
});

test("numbers that boards say when they have none are none", async () => {
  const root = machine({ "sys/class/dmi/id/product_serial": "To be filled by O.E.M.\n", "sys/class/dmi/id/product_uuid": "00000000\n" });
  expect(await machineNumbers(root)).toEqual({});
  rmSync(root, { recursive: true });
});
