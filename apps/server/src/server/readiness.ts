import type { HubStatus } from '@trunkline/server';

export interface ReadinessParts {
  readonly hubStatus: () => HubStatus;
  readonly isListening: () => boolean;
  readonly isDraining: () => boolean;
  /** Events of other services' Redis channels were taken in by some node since the start. True where there is no Redis. */
  readonly isForeignHeard: () => boolean;
  /** What Redis forbids this node of those channels. */
  readonly foreignForbidden: () => string | null;
  readonly readyWhenDegraded: boolean;
}

export interface Readiness {
  readonly ready: boolean;
  readonly status: 'ok' | 'degraded' | 'starting' | 'draining' | 'unready';
  readonly reason?: string;
}

/** Whether this node takes traffic (DESIGN, "Readiness"). */
export function readinessOf(parts: ReadinessParts): Readiness {
  const status = parts.hubStatus();
  const reason = status.reason === undefined ? {} : { reason: status.reason };
  if (parts.isDraining() || status.state === 'draining') return { ready: false, status: 'draining' };
  if (status.state === 'starting' || !parts.isListening()) return { ready: false, status: 'starting', ...reason };
  if (status.state === 'degraded')
    return { ready: status.ready && parts.readyWhenDegraded, status: 'degraded', ...reason };
  if (!status.ready) return { ready: false, status: 'unready', ...reason };
  const forbidden = parts.foreignForbidden();
  if (!parts.isForeignHeard())
    return {
      ready: false,
      status: 'starting',
      reason: forbidden ?? 'no node hears the channels of other services yet',
    };
  // A right that was taken away is missed by all nodes at once: out together they would serve nobody.
  if (forbidden !== null) return { ready: parts.readyWhenDegraded, status: 'degraded', reason: forbidden };
  return { ready: true, status: 'ok' };
}
