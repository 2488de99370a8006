import { actionsDialect } from '@trunkline/dialects/actions';
import { bookingDialect } from '@trunkline/dialects/booking';
import { falconDialect } from '@trunkline/dialects/falcon';
import { secureconnectDialect } from '@trunkline/dialects/secureconnect';
import { shipvoxDialect } from '@trunkline/dialects/shipvox';
import { canonicalDialect, type Dialect } from '@trunkline/server';
import type { DialectName } from '../config/listeners.js';

/** Everything that is spoken on the main port, each at a path of its own. */
export function mainDialects(options: { readonly allowedOrigins: readonly string[] }): readonly Dialect[] {
  return [
    canonicalDialect(),
    bookingDialect({ path: '/ws' }),
    shipvoxDialect({ path: '/shipvox/ws' }),
    actionsDialect({ path: '/realtime', allowedOrigins: options.allowedOrigins }),
    secureconnectDialect({ path: '/v1/ws/chat' }),
    falconDialect({ path: '/websocket/connect' }),
  ];
}

/** One dialect at the path of its own document, for a listener of its own. */
export function documentedDialect(name: DialectName, options: { readonly allowedOrigins: readonly string[] }): Dialect {
  switch (name) {
    case 'actions':
      return actionsDialect({ path: '/realtime', allowedOrigins: options.allowedOrigins });
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
