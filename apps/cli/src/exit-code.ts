/** What the process ends with; the same for every command. */
export const EXIT = {
  ok: 0,
  /** The server refused, or a check failed. */
  failed: 1,
  /** Wrong arguments. */
  usage: 2,
  /** No server there (sysexits.h, EX_UNAVAILABLE). */
  unreachable: 69,
  /** A variable or file is missing or bad (sysexits.h, EX_CONFIG). */
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command: one line that says the cure, and the exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    /** For programs, with --json. */
    readonly code = 'failed',
  ) {
    super(message);
  }
}
