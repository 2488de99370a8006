#!/usr/bin/env node
import { endQuietlyOnBrokenPipe } from './output.js';
import { createProgram } from './program.js';
import { reportError } from './report-error.js';

endQuietlyOnBrokenPipe();
const asJson = process.argv.includes('--json');
try {
  await createProgram(asJson).parseAsync();
} catch (error) {
  process.exitCode = reportError(error, asJson);
}
