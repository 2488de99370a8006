/** The delivery proof: probes of the public SDK, the history of what they saw, and its judge. Shared by `verify` and the chaos runs. */
export { type FinalLog, type Finding, type HistoryEntry, monotonicMicros, type Violation } from './history.js';
export { judge, type Ledger, ruleOfThree } from './ledger.js';
export { createProbe, type Probe, type ProbeOptions, readLog } from './probe.js';
export { seededRandom } from './seeded-random.js';
