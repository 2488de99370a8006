#!/usr/bin/env node
import { endQuietlyOnBrokenPipe, endWhenWritten } from './output.js';
import { createProgram } from './program.js';
import { reportError } from './report-error.js';

endQuietlyOnBrokenPipe();
const asJson = process.argv.includes('--json');
try {
  await createProgram(asJson).parseAsync();
} catch (error) {
  process.exitCode = reportError(error, asJson);
}
// It ran a module of the application, and with that what the module begins: a server beside its contract never ends.
if (process.argv[2] === 'contract') endWhenWritten();
