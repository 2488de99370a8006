import { SegmentedControl, Stack } from '@mantine/core';
import { useState } from 'react';
import type { Session } from '../connection/session.js';
import { CanonicalActions } from './canonical-actions.js';
import { RealtimeActions } from './realtime-actions.js';

/** Asks for actions, in the canonical protocol or as a Socket.IO client of `/realtime`. */
export function ActionsPanel({ session, token }: { readonly session: Session | null; readonly token: string }) {
  const [format, setFormat] = useState('canonical');
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="Wire format"
        data={[
          { label: 'trunkline.v1', value: 'canonical' },
          { label: 'Socket.IO at /realtime', value: 'realtime' },
        ]}
        fullWidth
        maw={340}
        onChange={setFormat}
        styles={{ label: { paddingInline: 4 } }}
        value={format}
      />
      {format === 'canonical' ? <CanonicalActions session={session} /> : <RealtimeActions token={token} />}
    </Stack>
  );
}
