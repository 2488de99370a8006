import { dialectConformance } from '@trunkline/server/testing';
import { test } from 'vitest';
import { everySpeaker } from './support/every-speaker.js';
import { startHub } from './support/start-hub.js';

for (const speaker of await everySpeaker()) dialectConformance({ test, speaker, startHub });
