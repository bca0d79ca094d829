/* Roles and the families that can fill them: what the configuration may say of each, and how the chosen family is opened. */
import * as z from "zod";
import { assert } from "../base/assert.ts";
import type { AdapterParts, Devices, Role, Roles } from "./adapter.ts";
import { ADAPTERS } from "./registry.ts";

type Family = (typeof ADAPTERS)[keyof typeof ADAPTERS];

/** What the configuration says of a device in this role. */
export type SettingsOf<Wanted extends Role> = z.infer<Extract<Family, { readonly role: Wanted }>["settings"]>;

/** A family when only its role matters: its own settings have been checked by its own schema. */
interface AnyFamily {
  readonly role: Role;
  readonly settings: z.core.$ZodTypeDiscriminable;
  open(settings: unknown, parts: AdapterParts): Roles[Role];
}

/** By the name that the configuration uses. */
const FAMILIES: ReadonlyMap<string, AnyFamily> = new Map(Object.entries(ADAPTERS as Readonly<Record<string, AnyFamily>>));

/** Checks what the configuration says of the device in one role: the member `adapter` names the family, the rest is that family's. */
function settingsOf<Wanted extends Role>(role: Wanted): z.ZodType<SettingsOf<Wanted>> {
  const [first, ...others] = [...FAMILIES.values()].filter((family) => family.role === role).map(({ settings }) => settings);
  assert(first !== undefined, `a family fills the role ${role}`);
  // The filter above is what SettingsOf says in types.
  return z.discriminatedUnion("adapter", [first, ...others]) as unknown as z.ZodType<SettingsOf<Wanted>>;
}

/** What each lane of a gate is told of its own devices. */
export const gateRole = settingsOf("gate");
export const displayRole = settingsOf("display");

/** The terminal's devices beside its readers; a role that is left out is not filled. */
export const devicesSettings = z.strictObject({
  pinPad: settingsOf("pinPad").exactOptional(),
  scanner: settingsOf("scanner").exactOptional(),
  printer: settingsOf("printer").exactOptional(),
  display: displayRole.exactOptional(),
  gate: gateRole.exactOptional(),
  keypad: settingsOf("keypad").exactOptional(),
});

export type DevicesSettings = z.infer<typeof devicesSettings>;

export const ROLES = ["pinPad", "scanner", "printer", "display", "gate", "keypad"] as const satisfies readonly Role[];

/** Opens the device of one role. It need not be there yet. */
export function openRole<Wanted extends Role>(role: Wanted, settings: { readonly adapter: string }, parts: AdapterParts): Roles[Wanted] {
  const family = FAMILIES.get(settings.adapter);
  assert(family?.role === role, "the configuration was checked");
  // Of that role, so that it can do what the role asks.
  return family.open(settings, parts) as Roles[Wanted];
}

/** Opens whatever the configuration names. */
export function openDevices(settings: { readonly [Filled in Role]?: { readonly adapter: string } }, parts: AdapterParts): Devices {
  const open = <Wanted extends Role>(role: Wanted): { readonly [Filled in Wanted]?: Roles[Filled] } => {
    const chosen = settings[role];
    if (chosen === undefined) return {};
    // One member, of the role that names it.
    return { [role]: openRole(role, chosen, parts) } as { readonly [Filled in Wanted]: Roles[Filled] };
  };
  return { ...open("pinPad"), ...open("scanner"), ...open("printer"), ...open("display"), ...open("gate"), ...open("keypad") };
}
