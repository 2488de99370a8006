import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contract } from '@trunkline/protocol';
import { builtInContract } from '@trunkline/protocol/contract';
import { ConfigurationError } from './configuration-error.js';

/**
 * Loads the operator's contract: an ES module whose default export, or export `contract`, is one. Without a file, the
 * built-in one.
 *
 * @throws {ConfigurationError} naming CONTRACT_FILE
 */
export async function loadContract(file: string | undefined): Promise<Contract> {
  if (file === undefined) return builtInContract;
  const module = await importModule(file);
  const found = [module.default, module.contract].find(isContract);
  if (!found)
    throw new ConfigurationError(
      'CONTRACT_FILE',
      'must export a contract of defineContract, as default or as "contract".',
    );
  return found;
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw new ConfigurationError('CONTRACT_FILE', `can not be loaded: ${why}`);
  }
}

function isContract(value: unknown): value is Contract {
  if (typeof value !== 'object' || value === null) return false;
  return ['rooms', 'actions', 'calls'].every((part) => {
    const map: unknown = Reflect.get(value, part);
    return typeof map === 'object' && map !== null;
  });
}
