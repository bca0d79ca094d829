/* What it takes to ask the insurer anything. */
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { MedicalHost } from "../hosts.ts";
import type { Journal } from "../journal/types.ts";
import type { MessageIds } from "./message-id.ts";
import type { MedicalProfile } from "./profile.ts";
import type { SignInBook } from "./sign-in.ts";

/** What it takes to ask the host anything. */
export interface HostPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly host: MedicalHost;
  /** Shared by all lanes of the terminal. */
  readonly messageIds: MessageIds;
  readonly medical: MedicalProfile;
  /** Shared by all lanes of the terminal. */
  readonly signIns: SignInBook;
  readonly log: Log;
}
