import type { AddressInfo } from 'node:net';
import { ConfigurationError } from '../config/configuration-error.js';
import type { Api } from '../http/zod-schemas.js';

const NO_ADDRESS = 'can not be bound: that is no address of this machine.';
const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'may not be bound by this user.',
  EADDRINUSE: 'is already in use; stop what listens there, or choose another.',
  EADDRNOTAVAIL: NO_ADDRESS,
  EAI_AGAIN: NO_ADDRESS,
  ENOTFOUND: NO_ADDRESS,
};

/**
 * Binds one port and tells which it got.
 *
 * @throws {ConfigurationError} naming the variable that holds the port, or HOST
 */
export async function listen(
  app: Api,
  options: { readonly variable: string; readonly host: string; readonly port: number; readonly speaks: string },
): Promise<number> {
  try {
    await app.listen({
      // For 'localhost' Fastify would open a second server, which serves no sockets.
      host: options.host === 'localhost' ? '127.0.0.1' : options.host,
      port: options.port,
      listenTextResolver: (address) => `listening at ${address} (${options.speaks})`,
    });
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const flaw = typeof code === 'string' ? CAUSES[code] : undefined;
    if (flaw === undefined) throw error;
    const variable = flaw === NO_ADDRESS ? 'HOST' : options.variable;
    throw new ConfigurationError(variable, `${options.host}:${options.port} ${flaw}`);
  }
  const address = app.server.address();
  return isAddress(address) ? address.port : options.port;
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
