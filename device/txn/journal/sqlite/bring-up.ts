/* A journal of an older schema, brought up by the service itself as it starts. Loaded only where there is one: most starts need none of this. */
import { openCipherSuite } from "../../../crypto/suite.ts";
import { systemClock } from "../../../system/clock.ts";
import { type MigrationReport, migrateJournal } from "./migrate.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** Faults: those of a migration. */
export function bringUp(folder: string): MigrationReport | undefined {
  return migrateJournal({ folder, to: SCHEMA_VERSION, suite: openCipherSuite(), wallMs: systemClock().wallMs() });
}
