import type { Gateway } from '@trunkline/server';

/** A gateway that does some things the dialect's own way. */
export function refineGateway(gateway: Gateway, changes: Partial<Pick<Gateway, 'authenticate' | 'open'>>): Gateway {
  const { limits, logger, observer } = gateway;
  return {
    authenticate: (greeting, signal) => gateway.authenticate(greeting, signal),
    open: (link, admission, options) => gateway.open(link, admission, options),
    publish: (publication) => gateway.publish(publication),
    call: (to, method, data, options) => gateway.call(to, method, data, options),
    login: (name, password, address) => gateway.login(name, password, address),
    testToken: () => gateway.testToken(),
    limits,
    logger,
    ...(observer === undefined ? {} : { observer }),
    ...changes,
  };
}
