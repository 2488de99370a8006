/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'fault' | 'skipped';
  /** What is so. */
  readonly found: string;
  /** What to do about it; empty when nothing. */
  readonly fix: string;
}

interface CheckContext {
  /** The server's variables, as this process has them. */
  readonly env: NodeJS.ProcessEnv;
  /** The canonical socket. */
  readonly url: string;
  readonly token?: string;
}

/** One concern; gives a finding for everything it looked at. */
export type Check = (context: CheckContext) => Promise<readonly Finding[]>;

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found, fix: '' });
export const skipped = (check: string, found: string): Finding => ({ check, status: 'skipped', found, fix: '' });
export const warning = (check: string, found: string, fix: string): Finding => ({
  check,
  status: 'warning',
  found,
  fix,
});
export const fault = (check: string, found: string, fix: string): Finding => ({ check, status: 'fault', found, fix });

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
