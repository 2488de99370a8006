import { TrunklineError } from '@trunkline/protocol';
import type { Admission, Gateway } from '@trunkline/server';
import { isUuid } from './schema.js';

/** Authenticates as the gateway does, but refuses users that are no UUID, and before it looks at the conversation. */
export function requireUuid(gateway: Gateway): Gateway['authenticate'] {
  return async (greeting, signal) => {
    try {
      return check(await gateway.authenticate(greeting, signal));
    } catch (error) {
      // Someone who is no participant may be no user of this format at all, which is told first.
      if (error instanceof TrunklineError && error.code === 'forbidden') {
        check(await gateway.authenticate({ credentials: greeting.credentials }, signal));
      }
      throw error;
    }
  };
}

function check(admission: Admission): Admission {
  if (isUuid(admission.principal.userId)) return admission;
  throw new TrunklineError('invalid_user_id', 'The user of the token is no UUID.');
}
