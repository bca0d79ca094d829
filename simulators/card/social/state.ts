/* What the social application keeps beyond its personalisation: records that were updated, PIN, counters, blocks. */
export type DirectoryName = "environment" | "df01" | "df02" | "df03" | "medical" | "df07";
export type Generation = "1" | "2" | "3";

/** A record as it stands now. Records of cyclic files have no tag. */
export interface StoredRecord {
  readonly tag?: number;
  readonly valueHex: string;
}

export interface SocialMemory {
  /** Digits of the holder's PIN when it was set or changed after personalisation. A PIN that was never changed is the initial one. */
  readonly pin?: string;
  /** Tries left of keys that have failed since their last success, by the key's name. */
  readonly keyTriesLeft?: Readonly<Record<string, number>>;
  /** Directories that were blocked for good; "environment" is the whole application. */
  readonly blocked?: readonly DirectoryName[];
  /** Records of files that were updated, by directory and file: "medical/ef06". */
  readonly records?: Readonly<Record<string, readonly StoredRecord[]>>;
  /** Contents of transparent files that were updated, in hexadecimal. */
  readonly contents?: Readonly<Record<string, string>>;
}
