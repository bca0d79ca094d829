/* The real configuration store on a real folder. Says the number of the last write that is durable. */

import { openConfigStore } from "../../../device/config/store.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { openFolderStorage } from "../../../device/system/storage.ts";
import { say } from "./say.ts";

const WRITES = 60;

const store = openConfigStore(await openFolderStorage(process.argv[2] ?? ""), openCipherSuite());
for (let number = 1; number <= WRITES; number += 1) {
  // Of changing length, over several pages, so that a mixture of two would show.
  await store.write({ number, filler: String(number % 10).repeat(6000 + 2700 * (number % 9)) });
  say(String(number));
}
