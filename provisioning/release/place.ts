/* Where things stand on a provisioned machine. The shell of `select-release` knows the same places. */
import { join } from "node:path";

export interface ReleasePlace {
  readonly releases: string;
  /** Symbolic link to the release that starts. */
  readonly current: string;
  readonly keys: string;
  readonly config: string;
  readonly journal: string;
  readonly update: string;
  readonly incoming: string;
  readonly healthy: string;
  readonly trial: string;
  readonly returned: string;
  readonly refused: string;
  readonly status: string;
  readonly hold: string;
}

/** The journal's own file. Other things may lie beside it, and are none: what came from afar, documents, parts of a migration. */
export const JOURNAL_FILE = "journal.sqlite";

/** Places below `root`, which is "/" on a terminal and a folder in tests and images. */
export function releasePlace(root: string): ReleasePlace {
  const state = join(root, "var/lib/yikatong");
  const update = join(state, "update");
  return {
    releases: join(root, "opt/yikatong/releases"),
    current: join(root, "opt/yikatong/current"),
    keys: join(root, "etc/yikatong/release-keys"),
    config: join(state, "config"),
    journal: join(state, "journal"),
    update,
    incoming: join(update, "incoming"),
    healthy: join(update, "healthy"),
    trial: join(update, "trial"),
    returned: join(update, "returned"),
    refused: join(update, "refused"),
    status: join(root, "run/yikatong/status.json"),
    hold: join(root, "run/yikatong/hold"),
  };
}
