import type { Violation } from '@trunkline/cli/verify';
import { appendedUnheard } from './scenarios/appended-unheard.js';
import { endedEpoch } from './scenarios/ended-epoch.js';
import { livingMember } from './scenarios/living-member.js';
import { refusedBefore } from './scenarios/refused-before.js';
import { rewrittenLog } from './scenarios/rewritten-log.js';
import type { Scenario } from './scenarios/scenario.js';
import { shownTwice } from './scenarios/shown-twice.js';
import { skippedEvent } from './scenarios/skipped-event.js';
import { slowReader } from './scenarios/slow-reader.js';

/** One defect put into our own server: a piece of `packages/server/dist`, replaced while it loads. */
export interface Mutant {
  readonly name: string;
  /** Occurs exactly once in what is built, or the mutant can't be made. */
  readonly find: string;
  readonly replace: string;
  /** The scenario that must tell it from the real server, or what the judge must find in a short campaign. */
  readonly caughtBy: { readonly scenario: Scenario } | { readonly violation: Violation };
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'ack before write',
    find: 'appended = publisher.append(outgoing, kind);',
    replace: `const head = this.parts.rooms.get(room)?.feed.position;
      const write = publisher.append(outgoing, kind);
      if (head && write instanceof Promise) write.catch(() => {});
      appended = head
        ? { status: "appended", eventId: outgoing.eventId, epoch: head.epoch, offset: head.offset + 1 }
        : write;`,
    caughtBy: { violation: 'lost-acknowledged' },
  },
  {
    name: 'no duplicate check',
    find: 'if known and epoch and offset then',
    replace: 'if false then',
    caughtBy: { violation: 'store-duplicate' },
  },
  {
    name: 'hole ignored',
    find: 'if (event.offset === offset + 1) {',
    replace: 'if (event.offset > offset) {',
    caughtBy: { scenario: skippedEvent },
  },
  {
    name: 'no epoch check on resume',
    find: 'if (epoch !== page.head.epoch) return "epoch_changed";',
    replace: '',
    caughtBy: { scenario: endedEpoch },
  },
  {
    name: 'no last-id check on resume',
    find: 'if (idAt(offset, page) === lastId) return null;',
    replace: 'return null;',
    caughtBy: { scenario: rewrittenLog },
  },
  {
    name: 'close without terminate',
    find: 'closeTimeout: CLOSE_TIMEOUT_MS',
    replace: 'closeTimeout: 2147483647',
    caughtBy: { scenario: slowReader },
  },
  {
    name: 'presence lease never renewed',
    find: 'await this.core.presence.renew() === "held"',
    replace: 'true',
    caughtBy: { scenario: livingMember },
  },
  {
    name: 'outbox not deduplicated',
    find: 'if (this.#ids.has(id)) return false;',
    replace: '',
    caughtBy: { scenario: shownTwice },
  },
  {
    name: 'publish order not kept',
    find: 'if (oldest === void 0 || number < oldest.number) return;',
    replace: 'return;',
    caughtBy: { scenario: refusedBefore },
  },
  {
    name: 'idle rooms never checked',
    find: 'this.#checkIdleRooms(now);',
    replace: '',
    caughtBy: { scenario: appendedUnheard },
  },
];
