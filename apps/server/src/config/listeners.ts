import { ConfigurationError } from './configuration-error.js';

/** The wire formats that can have a port of their own. */
const DIALECT_NAMES = ['actions', 'booking', 'falcon', 'secureconnect', 'shipvox'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** A port at which one dialect's own documented paths are served. */
export interface Listener {
  readonly port: number;
  readonly dialect: DialectName;
}

const PAIR = /^(\d{1,5})=([a-z]+)$/;

/**
 * Reads `8000=shipvox,5000=booking`.
 *
 * @throws {ConfigurationError} naming LISTEN
 */
export function parseListeners(text: string, mainPort: number): readonly Listener[] {
  const listeners = text.split(',').flatMap((part) => (part.trim() ? parsePair(part.trim()) : []));
  const ports = [mainPort, ...listeners.map(({ port }) => port)].filter((port) => port !== 0);
  if (new Set(ports).size !== ports.length)
    throw new ConfigurationError('LISTEN', 'names a port twice, or the port of PORT.');
  return listeners;
}

function parsePair(text: string): Listener {
  const [, port, name] = PAIR.exec(text) ?? [];
  const dialect = DIALECT_NAMES.find((known) => known === name);
  if (port === undefined || dialect === undefined || Number(port) > 65_535) {
    throw new ConfigurationError(
      'LISTEN',
      `must be port=dialect, comma separated; dialects are ${DIALECT_NAMES.join(', ')}.`,
    );
  }
  return { port: Number(port), dialect };
}
