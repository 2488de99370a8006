/** As the format documents it. */
export interface WSMessage {
  readonly type:
    | 'message'
    | 'presence'
    | 'notification'
    | 'system'
    | 'room_update'
    | 'error'
    | 'user_profile_update'
    | 'group_membership_change'
    | 'system_notification'
    | 'custom_event'
    | 'heartbeat'
    | 'room_joined'
    | 'room_left'
    | (string & {});
  readonly room?: string;
  /** The sender's connection. */
  readonly from?: string;
  readonly to?: string;
  readonly data: unknown;
  /** ISO 8601 from the server; milliseconds from some clients. */
  readonly timestamp?: string | number;
  readonly id?: string;
}

/** What `data` holds, field by field, when it is an object. */
export function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? { ...data } : {};
}

/** Null for what is no message. */
export function readMessage(text: string): WSMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    const isMessage = typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
    return isMessage ? (value as WSMessage) : null;
  } catch {
    return null;
  }
}
