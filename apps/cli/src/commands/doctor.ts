import { Command } from 'commander';
import pc from 'picocolors';
import type { Finding } from '../doctor/finding.js';
import { EXIT } from '../exit-code.js';
import { createOutput } from '../output.js';
import { type ServerOptions, withServerOptions } from '../server-options.js';

const SIGNS: Readonly<Record<Finding['status'], string>> = {
  ok: pc.green('✓'),
  warning: pc.yellow('!'),
  fault: pc.red('✗'),
  skipped: pc.dim('-'),
};

export function doctorCommand(): Command {
  return withServerOptions(new Command('doctor'), 'none is checked')
    .description("check this environment's variables, Redis, limits, clock, proxy and token; say how to fix each fault")
    .action(async ({ url, token, json }: ServerOptions) => {
      const { CHECKS } = await import('../doctor/checks.js');
      const output = createOutput(json);
      const context = { env: process.env, url, ...(token ? { token } : {}) };
      const findings: Finding[] = [];
      for (const check of CHECKS) {
        for (const finding of await check(context)) {
          findings.push(finding);
          if (!json) output.print(finding, () => findingLines(finding));
        }
      }
      const faults = findings.filter(({ status }) => status === 'fault').length;
      const warnings = findings.filter(({ status }) => status === 'warning').length;
      output.print({ faults, warnings, findings }, () => `Faults: ${faults}, warnings: ${warnings}`);
      if (faults > 0) process.exitCode = EXIT.failed;
    });
}

function findingLines({ check, status, found, fix }: Finding): string {
  const line = `${SIGNS[status]} ${pc.bold(check)}: ${found}`;
  return fix === '' ? line : `${line}\n  ${pc.dim('→')} ${fix}`;
}
