import { httpUrl } from '../arguments.js';
import { type Check, type Finding, fault, messageOf, ok, skipped, warning } from './finding.js';

const TIMEOUT_MS = 5_000;
/** A token's `iat` and `exp` are judged with a tolerance of this order. */
const MAX_SKEW_MS = 5_000;

/** Whether a server answers at the URL, takes traffic, and has our time. */
export const checkServer: Check = async ({ url }) => {
  const started = Date.now();
  let response: Response;
  try {
    response = await fetch(httpUrl(url, '/readyz'), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const fix = 'Start it with "trunkline serve", or set --url to where it is; look at firewalls and DNS.';
    return [fault('server', `no answer from ${new URL(url).origin}: ${causeOf(error)}`, fix)];
  }
  const body: unknown = await response.json().catch(() => undefined);
  return [readiness(response, body), clock(response.headers.get('date'), started)];
};

function readiness(response: Response, body: unknown): Finding {
  const status = field(body, 'status') ?? String(response.status);
  const reason = field(body, 'reason') ?? 'no reason given';
  if (response.status === 404) return fault('server', 'what answers there is not Trunkline', 'Correct --url.');
  if (!response.ok)
    return fault('server', `not ready: ${status}, ${reason}`, 'Wait if it starts or drains; else look at its log.');
  if (status === 'degraded')
    return warning('server', `degraded: ${reason}`, 'Bring Redis back; look at the log of the server.');
  return ok('server', status);
}

function clock(date: string | null, started: number): Finding {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return skipped('clock', 'the answer has no Date header');
  // The header is cut to whole seconds, and the answer took its time.
  const skewMs = theirs < started ? started - (theirs + 1_000) : theirs - Date.now();
  if (skewMs <= MAX_SKEW_MS) return ok('clock', 'the same as here');
  const fix = 'Run NTP (chrony, systemd-timesyncd) on both machines: tokens begin and end by these clocks.';
  return fault('clock', `the server's clock is ${Math.round(skewMs / 1_000)} s from ours`, fix);
}

function field(body: unknown, name: string): string | undefined {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function causeOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}
