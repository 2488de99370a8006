import type { Calls } from './calls.js';
import type { Joining } from './joining.js';
import type { LiveAuthorisation } from './live-authorisation.js';
import type { NodeMessages } from './node-messages.js';
import type { NodeUsage } from './node-usage.js';
import type { PresenceService } from './presence-service.js';
import type { PublishCommands, PublishParts } from './publish-command.js';
import type { Requests } from './requests.js';
import type { UserBuckets } from './user-buckets.js';

/** What sessions work with. */
export interface SessionParts extends PublishParts {
  readonly joining: Joining;
  readonly presence: PresenceService;
  readonly publishing: PublishCommands;
  readonly requests: Requests;
  readonly calls: Calls;
  readonly nodeMessages: NodeMessages;
  readonly live: LiveAuthorisation;
  readonly usage: NodeUsage;
  readonly userBuckets: UserBuckets;
}
