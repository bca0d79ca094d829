/* What the social application keeps beyond its personalisation: records that were updated, PIN, counters, blocks. */

export interface SocialMemory {
  /** Digits of the holder's PIN when it was set or changed after personalisation. */
  readonly pin?: string;
}
