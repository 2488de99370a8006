#!/usr/bin/env node
import { endQuietlyOnBrokenPipe } from './output.js';
import { createProgram } from './program.js';
import { reportError } from './report-error.js';

endQuietlyOnBrokenPipe();
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportError(error, process.argv.includes('--json'));
}
