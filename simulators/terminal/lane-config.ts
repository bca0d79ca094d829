/* What a configuration file would say of a lane whose devices are simulated, so that these are never opened. */

export function simulatedLaneConfig(name: string, direction: "entry" | "exit", place: string) {
  const readers = { user: { interface: "contactless", nameIncludes: [name] }, sam: { interface: "sam", nameIncludes: [name] } };
  return { name, direction, place, readers, device: { adapter: "gateRelay", port: { path: `/dev/gate-${name}` } } };
}
