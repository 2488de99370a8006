import { actionsDialect } from '@trunkline/dialects/actions';
import { bookingDialect } from '@trunkline/dialects/booking';
import { falconDialect } from '@trunkline/dialects/falcon';
import { secureconnectDialect } from '@trunkline/dialects/secureconnect';
import { shipvoxDialect } from '@trunkline/dialects/shipvox';
import { canonicalDialect, type Dialect } from '@trunkline/server';
import type { DialectName } from '../config/listeners.js';
import { isOriginAllowed, type OriginPolicy } from '../http/allowed-origin.js';

/** Everything that is spoken on the main port, each at a path of its own. */
export function mainDialects(policy: OriginPolicy): readonly Dialect[] {
  return [
    canonicalDialect(),
    bookingDialect({ path: '/ws' }),
    shipvoxDialect({ path: '/shipvox/ws' }),
    actions(policy),
    secureconnectDialect({ path: '/v1/ws/chat' }),
    falconDialect({ path: '/websocket/connect' }),
  ];
}

/** One dialect at the path of its own document, for a listener of its own. */
export function documentedDialect(name: DialectName, policy: OriginPolicy): Dialect {
  switch (name) {
    case 'actions':
      return actions(policy);
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

/** Its polling is HTTP, and follows the rules of the HTTP API. */
function actions(policy: OriginPolicy): Dialect {
  return actionsDialect({ path: '/realtime', allowedOrigins: (origin) => isOriginAllowed(policy, origin) });
}
