import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contract } from '@trunkline/protocol';
import { builtInContract } from '@trunkline/protocol/contract';
import { z } from 'zod';
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
  const flaw = shape.safeParse(found).error?.issues[0];
  if (flaw)
    throw new ConfigurationError(
      'CONTRACT_FILE',
      `${flaw.path.join('.')}: ${flaw.message}; make it with defineContract.`,
    );
  return found;
}

const rules = z.array(z.string());
const schema = z.custom((value) => typeof value === 'object' && value !== null && 'safeParse' in value, 'is no schema');
const action = z.looseObject({ input: schema, output: schema.optional() });
/** What the hub takes for granted in a contract: it may come from a copy of ours, or from nobody's. */
const shape = z.looseObject({
  rooms: z.record(
    z.string().regex(/^[a-z][a-z0-9_]{0,31}$/),
    z.looseObject({
      join: rules,
      events: z.record(z.string(), z.looseObject({ data: schema, durable: z.boolean(), publish: rules })),
    }),
  ),
  actions: z.record(z.string(), action),
  calls: z.record(z.string(), action),
});

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
