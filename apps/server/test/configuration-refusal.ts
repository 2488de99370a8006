import { ConfigurationError } from '../src/config/configuration-error.js';
import { readConfiguration } from '../src/config/read-configuration.js';

export const redis = { REDIS_URL: 'redis://127.0.0.1:6379' };

export function refusal(variables: NodeJS.ProcessEnv): string {
  try {
    readConfiguration(variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}
