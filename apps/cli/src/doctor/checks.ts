import { checkConfiguration } from './check-configuration.js';
import { checkMachine } from './check-machine.js';
import { checkRedis } from './check-redis.js';
import { checkServer } from './check-server.js';
import { checkToken } from './check-token.js';
import { checkUpgrade } from './check-upgrade.js';
import type { Check } from './finding.js';

/** In the order in which one fault explains another. */
export const CHECKS: readonly Check[] = [
  checkConfiguration,
  checkRedis,
  checkMachine,
  checkServer,
  checkUpgrade,
  checkToken,
];
