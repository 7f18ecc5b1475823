// SIGTERM and SIGINT drain the server; a second one does not wait.

export function closeOnSignals(server: { close(): Promise<void> }): void {
  let asked = false;
  function stop(): void {
    if (asked) process.exit(1);
    asked = true;
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  }
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
