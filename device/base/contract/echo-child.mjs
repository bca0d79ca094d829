/* A child for the contract of Processes: answers each message, ends when told to. */
process.on("message", (message) => {
  if (message === "end") process.exit(7);
  process.send?.({ echo: message });
});
process.on("disconnect", () => process.exit(0));
