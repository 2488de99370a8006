/** Conformance suites: every implementation of a seam runs its own. */
export { type DialectConformanceOptions, dialectConformance, type ServedHub } from './dialect-conformance.js';
export type { DialectSpeaker, Heard, SpeakerConnection, SpokenEvent } from './dialect-speaker.js';
