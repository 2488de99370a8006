/** Conformance suites: every implementation of a seam runs its own. */
export {
  type BrokerConformanceOptions,
  type BrokerNodes,
  brokerConformance,
} from './broker-conformance.js';
export { type BrokerRecorder, createBrokerRecorder } from './broker-recorder.js';
export { makePublication } from './broker-trial.js';
export { type DialectConformanceOptions, dialectConformance, type ServedHub } from './dialect-conformance.js';
export type { DialectSpeaker, Heard, SpeakerConnection, SpokenEvent } from './dialect-speaker.js';
export {
  type DirectoryConformanceOptions,
  type DirectoryNodes,
  directoryConformance,
} from './directory-conformance.js';
export { type LedgerConformanceOptions, type LedgerNodes, ledgerConformance } from './ledger-conformance.js';
export {
  type PresenceNodes,
  type PresenceStoreConformanceOptions,
  presenceStoreConformance,
} from './presence-store-conformance.js';
