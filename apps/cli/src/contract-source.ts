import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contract } from '@trunkline/protocol';
import { type ContractJsonSchema, contractJsonSchema } from '@trunkline/protocol/contract';
import { z } from 'zod';
import { httpUrl, socketUrl } from './arguments.js';
import { CommandError, EXIT } from './exit-code.js';

const TIMEOUT_MS = 10_000;

/** What `contractJsonSchema` writes, as far as it is compared. */
const written = z.looseObject({
  rooms: z.record(
    z.string(),
    z.looseObject({
      join: z.array(z.string()),
      events: z.record(z.string(), z.looseObject({ durable: z.boolean(), publish: z.array(z.string()) })),
    }),
  ),
  actions: z.record(z.string(), z.looseObject({})),
  calls: z.record(z.string(), z.looseObject({})),
});

/**
 * A contract as JSON Schema: of an ES module that exports it as `default` or `contract`, of a `.json` that `contract print` wrote,
 * or of a running server (its `/contract.json`).
 *
 * @throws {CommandError} `unreachable`, `configuration` where there is no contract, or `failed` where the server refuses
 */
export async function readContract(source: string, token: string | undefined): Promise<ContractJsonSchema> {
  if (/^(http|ws)s?:\/\//.test(source)) return checked(source, await fromServer(socketUrl(source, '/'), token));
  if (source.endsWith('.json')) return checked(source, await fromFile(source));
  return fromModule(source);
}

async function fromServer(url: string, token: string | undefined): Promise<unknown> {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const request = { headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const response = await fetch(httpUrl(url, '/contract.json'), request).catch(() => {
    throw new CommandError(EXIT.unreachable, `No server answers at ${httpUrl(url, '/').origin}.`, 'unreachable');
  });
  if (response.ok) return response.json().catch(() => undefined);
  const cure =
    response.status === 401 || response.status === 403
      ? 'give a token of role admin or service (--token, TRUNKLINE_TOKEN)'
      : 'is it a Trunkline server?';
  throw new CommandError(EXIT.failed, `${new URL(url).host} answered ${response.status}: ${cure}`, 'refused');
}

async function fromFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw unusable(file, error instanceof Error ? error.message : String(error));
  }
}

async function fromModule(file: string): Promise<ContractJsonSchema> {
  try {
    const module: { default?: unknown; contract?: unknown } = await import(pathToFileURL(resolve(file)).href);
    const found = [module.default, module.contract].find((value) => written.safeParse(value).success);
    if (found) return contractJsonSchema(found as Contract);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw unusable(file, /\.[cm]?tsx?$/.test(file) ? `${why}; build it, and give the .js` : why);
  }
  throw unusable(file, 'it exports no contract of defineContract, as default or as "contract"');
}

function checked(source: string, value: unknown): ContractJsonSchema {
  const flaw = written.safeParse(value).error?.issues[0];
  if (flaw) throw unusable(source, `${flaw.path.join('.') || 'the whole'}: ${flaw.message}`);
  return value as ContractJsonSchema;
}

function unusable(source: string, why: string): CommandError {
  return new CommandError(EXIT.configuration, `No contract in ${source}: ${why}`, 'no_contract');
}
