/* A line of bytes over a line of reports: the pad's protocol does not notice that it travels in reports. */
import type { Bytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { ByteLine, LineState, ReportLine, Unsubscribe } from "../framing/lines.ts";
import { checkPadReportProfile, DEFAULT_PAD_REPORT_PROFILE, decodeReport, encodeReports, type PadReportProfile } from "./framing.ts";

export interface PadReportOptions {
  readonly clock: Clock;
  /** How the pad's frames are coded. */
  readonly coding: "split" | "binary";
  /** Left out: as most pads do it. */
  readonly reports?: PadReportProfile;
}

class ReportByteLine implements ByteLine {
  readonly #line: ReportLine;
  readonly #clock: Clock;
  readonly #profile: PadReportProfile;

  constructor(line: ReportLine, options: PadReportOptions) {
    this.#line = line;
    this.#clock = options.clock;
    this.#profile = options.reports ?? DEFAULT_PAD_REPORT_PROFILE;
    checkPadReportProfile(this.#profile, options.coding);
  }

  get name(): string {
    return this.#line.name;
  }

  get state(): LineState {
    return this.#line.state;
  }

  onState(listener: (state: LineState) => void): Unsubscribe {
    return this.#line.onState(listener);
  }

  untilOpen(limits: Limits): Promise<void> {
    return this.#line.untilOpen(limits);
  }

  renew(): void {
    this.#line.renew?.();
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  /** All reports within `limits`. Behind the first one that went out, the pad has a part. */
  async write(bytes: Bytes, limits: Limits): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    for (const [at, report] of encodeReports(this.#profile, bytes).entries()) {
      const timeoutMs = Math.max(0, untilMs - this.#clock.monotonicMs());
      try {
        await this.#line.write(report, { timeoutMs, signal: limits.signal });
      } catch (fault) {
        if (at > 0 && isFault(fault)) throw new Fault(fault.code, fault.message, { effectUnknown: true, cause: fault });
        throw fault;
      }
    }
  }

  onBytes(listener: (bytes: Bytes) => void): Unsubscribe {
    return this.#line.onReport((report) => {
      const bytes = decodeReport(this.#profile, report);
      if (bytes.length > 0) listener(bytes);
    });
  }
}

/** The line of a pad that hides its serial protocol in reports; the device need not be there yet. */
export function openPadReports(line: ReportLine, options: PadReportOptions): ByteLine {
  return new ReportByteLine(line, options);
}
