// The last line of .ci/run: what vitest counted plus one test for each check. Anything that did not run has failed.
import { readFileSync } from 'node:fs';

const [directory, testStatus, checkStatus] = process.argv.slice(2);
const totals = [countTests(), countChecks()];
const passed = totals.reduce((sum, total) => sum + total.passed, 0);
const failed = totals.reduce((sum, total) => sum + total.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function countTests() {
  const report = read('tests.json');
  if (!report) return { passed: 0, failed: 1 };
  // A file that crashed before its first test has failed although no test of it did.
  const crashed = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return atLeastOne({ passed: report.numPassedTests, failed: report.numFailedTests + crashed.length }, testStatus);
}

function countChecks() {
  const report = read('checks.json');
  if (!report) return { passed: 0, failed: 1 };
  const passed = report.filter((check) => check.passed).length;
  return atLeastOne({ passed, failed: report.length - passed }, checkStatus);
}

/** A run that ended badly without a failed test (an unhandled rejection, a crash at exit) counts as one. */
function atLeastOne(total, status) {
  return status === '0' || total.failed > 0 ? total : { ...total, failed: 1 };
}

function read(name) {
  try {
    return JSON.parse(readFileSync(`${directory}/${name}`, 'utf8'));
  } catch {
    return undefined;
  }
}
