// The checks beside the tests. `node scripts/check.mjs [--report file] [name …]`; all of them run, whatever fails before.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const CHECKS = {
  lint: () => run('biome', ['check', '--error-on-warnings', '.']),
  types: () => run('turbo', ['run', 'typecheck', '--output-logs=errors-only']),
  layers: () => run('depcruise', ['--config', '.dependency-cruiser.mjs', 'packages', 'apps']),
  unused: () => run('knip', []),
  publint: () => eachTarball((tarball) => run('publint', ['--strict', tarball])),
  attw: () => eachTarball((tarball) => run('attw', ['--profile', 'esm-only', '--format', 'ascii', tarball])),
  size: () => run('size-limit', []),
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { report: { type: 'string' } } });
const unknown = positionals.find((name) => !Object.hasOwn(CHECKS, name));
if (unknown) {
  console.error(`There is no check ${unknown}; there are ${Object.keys(CHECKS).join(', ')}.`);
  process.exit(64);
}

const directory = mkdtempSync(join(tmpdir(), 'trunkline-pack-'));
let tarballs;
const results = [];
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(CHECKS)) {
    console.log(`\n— ${name}`);
    const started = performance.now();
    results.push({ name, passed: CHECKS[name](), seconds: (performance.now() - started) / 1_000 });
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

console.log('');
for (const { name, passed, seconds } of results) {
  console.log(`check ${name.padEnd(8)} ${passed ? 'passed' : 'FAILED'} (${seconds.toFixed(1)} s)`);
}
if (values.report) {
  mkdirSync(dirname(values.report), { recursive: true });
  writeFileSync(values.report, JSON.stringify(results));
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}

/** Judges what would be published: packed once by pnpm, which fills in the workspace's versions. */
function eachTarball(judge) {
  tarballs ??= pack();
  return tarballs?.map(judge).every(Boolean) ?? false;
}

function pack() {
  for (const member of publishedMembers()) {
    const { status } = spawnSync('pnpm', ['pack', '--pack-destination', directory], {
      cwd: member,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) return undefined;
  }
  return readdirSync(directory).map((name) => join(directory, name));
}

function publishedMembers() {
  const members = ['packages', 'apps'].flatMap((group) => readdirSync(group).map((name) => join(group, name)));
  return members.filter((member) => JSON.parse(readFileSync(join(member, 'package.json'), 'utf8')).private !== true);
}
