/** Tells the parent where this server listens, and obeys the lines of its standard input. */
export function announce(port: number, collect: () => void = () => globalThis.gc?.()): void {
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    if (!text.includes('gc')) return;
    collect();
    process.stdout.write('{"collected":true}\n');
  });
  // Its parent is gone: an exit by the loop, so that a profile is written.
  process.stdin.on('end', () => process.exit(0));
}
