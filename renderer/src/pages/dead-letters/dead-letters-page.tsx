import './dead-letters-page.css';
import { useState } from 'react';
import type { DeadLetterView } from '../../../../shared/api.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import type { NodeId } from '../../../../shared/ids.ts';
import { useMayAct, useNetwork } from '../../network.tsx';
import { asError, useClient } from '../../node-link.tsx';
import { Choice } from '../../parts/choice.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { Fault } from '../../parts/fault.tsx';
import { count, dateAndTime, plural } from '../../parts/format.ts';
import { Json } from '../../parts/json.tsx';
import { Notice, Skeleton } from '../../parts/notice.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { End, NodeNames, useNodeNames } from '../messages/end.tsx';
import { meaningOf } from './reasons.ts';
import { useLetters } from './use-letters.ts';

/** What was refused, expired, or could not be handled: why, and what a person can do about it. */
export function DeadLettersPage() {
  const { node, peers = [] } = useNetwork();
  const names = useNodeNames();
  const mayAct = useMayAct();
  const [reason, setReason] = useState('');
  const [of, setOf] = useState('');
  const { letters, isCut, error, more, reload } = useLetters({
    ...(reason !== '' && { reason: reason as ErrorCode }),
    ...(of !== '' && { node: of as NodeId }),
  });
  const acting = useActing(reload);
  const reasons = useReasons(letters ?? []);
  const nodes = [...(node ? [node] : []), ...peers];
  const isFiltered = reason !== '' || of !== '';
  return (
    <NodeNames value={names}>
      <div className="page dead-letters">
        <div className="page-head">
          <h1>Dead letters</h1>
          {letters && letters.length > 0 && (
            <span className="muted">
              {isCut ? `the newest ${count(letters.length)}` : plural(letters.length, 'letter')}
            </span>
          )}
        </div>
        <div className="toolbar">
          <Choice
            label="Reason"
            all="All reasons"
            value={reason}
            options={reasons.map((each) => [each, each])}
            onChange={setReason}
          />
          <Choice
            label="Node"
            all="All nodes"
            value={of}
            options={nodes.map(({ id, name }) => [id, name])}
            onChange={setOf}
          />
          {mayAct && letters && letters.length > 1 && (
            <span className="dead-letters-all">
              <ConfirmButton
                sure={`Send all ${letters.length} again?`}
                disabled={acting.busy}
                onConfirm={() => void acting.retry(letters)}
              >
                Send these again
              </ConfirmButton>
              <ConfirmButton
                sure={`Drop all ${letters.length} for good?`}
                disabled={acting.busy}
                onConfirm={() => void acting.drop(letters)}
              >
                Drop these
              </ConfirmButton>
            </span>
          )}
        </div>
        <p role="status" className={acting.told ? 'dead-letters-told muted' : 'visually-hidden'}>
          {acting.told}
        </p>
        <Fault text={acting.fault ?? (letters && error ? `They could not be read: ${error.message}` : undefined)} />
        {!letters ? (
          <div className="card">
            {error ? (
              <Notice icon="warning" tone="bad" title="The dead letters could not be read">
                <p>{plain(error.message, 300)}</p>
                <button type="button" className="button" onClick={reload}>
                  Try again
                </button>
              </Notice>
            ) : (
              <Skeleton rows={6} />
            )}
          </div>
        ) : letters.length === 0 ? (
          <div className="card">
            <Notice
              icon={isFiltered ? 'search' : 'check'}
              title={isFiltered ? 'No dead letter fits' : 'No dead letters'}
            >
              {!isFiltered &&
                'What is refused, expires, or cannot be handled is listed here: nothing is lost in silence.'}
            </Notice>
          </div>
        ) : (
          <ol className="card letters" aria-label="Dead letters">
            {letters.map((letter) => (
              <Letter key={letter.place} letter={letter} acting={acting} />
            ))}
          </ol>
        )}
        {isCut && (
          <button type="button" className="button" onClick={more}>
            Show older ones
          </button>
        )}
      </div>
    </NodeNames>
  );
}

function Letter({ letter, acting }: { readonly letter: DeadLetterView; readonly acting: ActingOnLetters }) {
  const mayAct = useMayAct();
  const { place, eventType, from, to, reason, diedAt, eventJson } = letter;
  const name = `dead letter ${place}`;
  return (
    <li className="letter">
      <div className="letter-head">
        <Text className="event-type" length={60} empty="(no event)">
          {eventType}
        </Text>
        <span className="letter-ends">
          <End address={from} /> <span aria-hidden="true">→</span> <End address={to} />
        </span>
        <time className="muted">{dateAndTime(diedAt).slice(0, 19)}</time>
      </div>
      <p className="letter-reason">
        <code>{plain(reason, 40)}</code> <span className="muted">{meaningOf(reason)}</span>
      </p>
      <details>
        <summary>Event</summary>
        <Json text={eventJson} />
      </details>
      {mayAct && (
        <div className="letter-buttons">
          <button
            type="button"
            className="button"
            disabled={acting.busy}
            aria-label={`Send again ${name}`}
            onClick={() => void acting.retry([letter])}
          >
            Send again
          </button>
          <ConfirmButton
            sure="Drop it for good?"
            label={name}
            disabled={acting.busy}
            onConfirm={() => void acting.drop([letter])}
          >
            Drop
          </ConfirmButton>
        </div>
      )}
    </li>
  );
}

interface ActingOnLetters {
  readonly busy: boolean;
  readonly fault: string | undefined;
  /** What was done last. */
  readonly told: string;
  readonly retry: (letters: readonly DeadLetterView[]) => Promise<void>;
  readonly drop: (letters: readonly DeadLetterView[]) => Promise<void>;
}

function useActing(done: () => void): ActingOnLetters {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const [told, setTold] = useState('');
  const act = async (doIt: (client: NonNullable<ReturnType<typeof useClient>>) => Promise<string>) => {
    if (!client || busy) return;
    setBusy(true);
    setFault(undefined);
    setTold('');
    try {
      setTold(await doIt(client));
    } catch (thrown) {
      setFault(asError(thrown).message);
    } finally {
      setBusy(false);
      done();
    }
  };
  // The oldest first, in the order in which they were sent.
  const placesOf = (letters: readonly DeadLetterView[]) => letters.map(({ place }) => place).toReversed();
  return {
    busy: busy || !client,
    fault,
    told,
    retry: (letters) =>
      act(async (node) => {
        const { retried, failed } = await node.call('retryDeadLetters', { places: placesOf(letters) });
        const [first] = failed;
        if (first) setFault(`${plural(failed.length, 'letter')} could not be sent again: ${first.reason}`);
        return retried > 0 ? `${plural(retried, 'letter')} sent again.` : '';
      }),
    drop: (letters) =>
      act(async (node) => {
        await node.call('dropDeadLetters', { places: placesOf(letters) });
        return `${plural(letters.length, 'letter')} dropped.`;
      }),
  };
}

/** Those that were seen since the page was opened: a filter must not take its own options away. */
function useReasons(letters: readonly DeadLetterView[]): readonly string[] {
  const [seen] = useState(() => new Set<string>());
  for (const { reason } of letters) seen.add(reason);
  return [...seen].toSorted();
}
