import { readFileSync } from 'node:fs';
import { type Check, fault, ok, skipped, warning } from './finding.js';

/** Below, a few hundred sockets and the logs use up what there is. */
const TOO_FEW = 1_024;
const ENOUGH = 10_000;

/** How many sockets this process may hold: each is a file descriptor. */
export const checkMachine: Check = async () => {
  const limit = descriptorLimit();
  if (limit === undefined) return [skipped('descriptors', 'this system does not tell its limit')];
  const fix = 'Raise it: ulimit -n 65536, LimitNOFILE=65536 (systemd), or --ulimit nofile=65536 (container).';
  const found = `${limit} open files at most, so fewer connections`;
  if (limit <= TOO_FEW) return [fault('descriptors', found, fix)];
  if (limit < ENOUGH) return [warning('descriptors', found, fix)];
  return [ok('descriptors', String(limit))];
};

function descriptorLimit(): number | undefined {
  try {
    const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft) || undefined;
  } catch {
    return undefined;
  }
}
