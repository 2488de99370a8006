import pc from 'picocolors';

/** Standard output of a command: lines for people, or one JSON value a line. */
export interface Output {
  readonly asJson: boolean;
  /** `text` for people, `record` for programs. */
  print(record: unknown, text: () => string): void;
  /** A remark beside the result; standard error, and nothing at all with JSON. */
  remark(text: string): void;
}

export function createOutput(asJson: boolean | undefined): Output {
  return {
    asJson: asJson === true,
    print: (record, text) => void process.stdout.write(`${asJson ? JSON.stringify(record) : text()}\n`),
    remark: (text) => void (asJson || process.stderr.write(`${pc.dim(text)}\n`)),
  };
}

/** A closed pipe (`trunkline tail … | head`) is a normal end; where only nobody reads remarks and errors, all goes on without. */
export function endQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Ends the process whatever still runs in it, once all that was printed is out. */
export function endWhenWritten(): void {
  process.stderr.write('', () => process.stdout.write('', () => process.exit()));
}
