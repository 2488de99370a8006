import { actionsDialect } from '@trunkline/dialects/actions';
import { bookingDialect } from '@trunkline/dialects/booking';
import { falconDialect } from '@trunkline/dialects/falcon';
import { secureconnectDialect } from '@trunkline/dialects/secureconnect';
import { shipvoxDialect } from '@trunkline/dialects/shipvox';
import { canonicalDialect, type Dialect } from '@trunkline/server';
import type { Neighbours } from '../cluster/neighbours.js';
import type { DialectName } from '../config/listeners.js';
import { isOriginAllowed, type OriginPolicy } from '../http/allowed-origin.js';

export interface DialectOptions {
  readonly policy: OriginPolicy;
  /** Absent: this process serves its ports alone. */
  readonly neighbours?: Neighbours | undefined;
}

/** Everything that is spoken on the main port, each at a path of its own. */
export function mainDialects(options: DialectOptions): readonly Dialect[] {
  return [
    canonicalDialect(),
    bookingDialect({ path: '/ws' }),
    shipvoxDialect({ path: '/shipvox/ws' }),
    actions(options),
    secureconnectDialect({ path: '/v1/ws/chat' }),
    falconDialect({ path: '/websocket/connect' }),
  ];
}

/** One dialect at the path of its own document, for a listener of its own. */
export function documentedDialect(name: DialectName, options: DialectOptions): Dialect {
  switch (name) {
    case 'actions':
      return actions(options);
    case 'booking':
      return bookingDialect({ path: '/ws' });
    case 'falcon':
      return falconDialect({ path: '/websocket/connect' });
    case 'secureconnect':
      return secureconnectDialect({ path: '/v1/ws/chat' });
    case 'shipvox':
      return shipvoxDialect({ path: '/ws' });
  }
}

/** Its polling is HTTP, and follows the rules of the HTTP API. A session is many requests, and any worker may get each. */
function actions({ policy, neighbours }: DialectOptions): Dialect {
  const options = { path: '/realtime', allowedOrigins: (origin: string) => isOriginAllowed(policy, origin) };
  if (!neighbours) return actionsDialect(options);
  const { createSessionId } = neighbours;
  return neighbours.share(actionsDialect({ ...options, createSessionId }));
}
