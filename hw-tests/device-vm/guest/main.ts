/* The cases of the virtual machine, one device after the other; everything is plugged in from the beginning, so that each is found among others. */
import { readFileSync } from "node:fs";
import { devicesCase } from "./devices.ts";
import { GadgetDevice } from "./gadget.ts";
import { PAD, padCases } from "./pad.ts";
import { printerCases } from "./printer.ts";
import { readerCases } from "./reader.ts";
import { scannerCases, uhidOutputCase } from "./scanner.ts";
import { Talk } from "./talk.ts";

const PAD_REPORT_BYTES = 64;
const SERVICE_LOG = "/run/pcscd.log";
const SERVICE_LOG_CHARACTERS = 3_000;

/** The service's own words, the newest of them. */
function serviceLog(): string {
  return readFileSync(SERVICE_LOG, "utf8").slice(-SERVICE_LOG_CHARACTERS);
}

const talk = new Talk(serviceLog);
const gadget = new GadgetDevice(PAD, PAD_REPORT_BYTES);
await gadget.plugIn();
await scannerCases(talk);
await uhidOutputCase(talk);
await padCases(talk, gadget);
await printerCases(talk);
await readerCases(talk);
await devicesCase(talk, gadget);
talk.end();
