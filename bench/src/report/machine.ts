import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import { bunBinary } from '../measure/server-process.js';

/** What a figure depends on beside the code. */
export interface Machine {
  readonly measuredAt: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = ['ws', 'socket.io', '@socket.io/redis-adapter', 'zod', 'jose', 'ioredis'];

export function describeMachine(): Machine {
  const [first] = cpus();
  const versions: Record<string, string> = { node: process.versions.node };
  for (const name of PACKAGES) versions[name] = versionOf(name);
  const bun = bunBinary();
  if (bun !== null) versions.bun = execFileSync(bun, ['--version'], { encoding: 'utf8' }).trim();
  return {
    measuredAt: new Date().toISOString(),
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    versions,
  };
}

/** Not every package lets its package.json be imported; all of them have one above their entry. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(name);
  const root = entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}/`.length);
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version;
}
