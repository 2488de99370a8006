/** The exit status for bad configuration (sysexits.h, EX_CONFIG). */
export const EX_CONFIG = 78;

/** What stops the server from starting: one line that names the variable, and no stack. Never tells a value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(
    readonly variable: string,
    readonly flaw: string,
  ) {
    super(`${variable}: ${flaw}`);
  }
}
