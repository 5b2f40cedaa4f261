import { type FormEvent, useId, useMemo, useState } from 'react';
import type { Chart, MachineLive } from '../../../../shared/api.ts';
import type { Outcome } from '../../../../shared/envelope.ts';
import type { InterMachineError } from '../../../../shared/errors.ts';
import { useMayAct } from '../../network.tsx';
import { asError, useClient } from '../../node-link.tsx';
import { plain } from '../../parts/text.tsx';
import { acceptedEvents } from './accepted-events.ts';
import { type Fault, readBody } from './event-body.ts';
import { SendResult } from './send-result.tsx';

interface SendFormProps {
  readonly address: string;
  readonly chart: Chart | undefined;
  readonly live: MachineLive | undefined;
}

export type Sent = { readonly event: string; readonly count: number } & (
  | { readonly state: 'sending' }
  | { readonly state: 'done'; readonly outcome: Outcome }
  | { readonly state: 'failed'; readonly error: InterMachineError }
);

/** Offers; a chart may know hundreds. */
const MAX_OFFERED = 12;

/** Sends the machine an event, in the name of this node; says so where whoever looks may not. */
export const SendForm = (props: SendFormProps) =>
  useMayAct() ? <Form {...props} /> : <p className="muted">You may look, and change nothing.</p>;

function Form({ address, chart, live }: SendFormProps) {
  const client = useClient();
  const [type, setType] = useState('');
  const [body, setBody] = useState('');
  const [isTried, setTried] = useState(false);
  const [sent, setSent] = useState<Sent>();
  const ids = { type: useId(), offers: useId(), body: useId(), fault: useId() };
  const active = live?.active;
  const accepted = useMemo(() => chart && active && acceptedEvents(chart, active), [chart, active]);
  const read = useMemo(() => readBody(body), [body]);
  const typeFault = type.trim() === '' ? 'Say which event' : undefined;

  const send = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (typeFault || !read.ok || !client || sent?.state === 'sending') return;
    const name = type.trim();
    const count = (sent?.count ?? 0) + 1;
    setSent({ state: 'sending', event: name, count });
    try {
      const outcome = await client.call('send', { to: address, event: { ...read.fields, type: name } });
      setSent({ state: 'done', event: name, outcome, count });
    } catch (thrown) {
      setSent({ state: 'failed', event: name, error: asError(thrown), count });
    }
    setTried(false);
  };

  return (
    <form className="send-form" onSubmit={(event) => void send(event)} noValidate>
      {accepted && (
        <div className="offers">
          {accepted.now.slice(0, MAX_OFFERED).map((event) => (
            <button
              key={event}
              type="button"
              className="offer"
              aria-pressed={event === type}
              onClick={() => setType(event)}
            >
              {plain(event, 60)}
            </button>
          ))}
          <span className="muted">{offersText(accepted.now.length, accepted.any)}</span>
        </div>
      )}
      <label htmlFor={ids.type}>Event</label>
      <input
        id={ids.type}
        className="field mono"
        list={ids.offers}
        value={type}
        onChange={({ target }) => setType(target.value)}
        placeholder="TYPE"
        autoComplete="off"
        spellCheck={false}
        aria-invalid={isTried && typeFault !== undefined}
      />
      <datalist id={ids.offers}>
        {[...(accepted?.now ?? []), ...(accepted?.else ?? [])].slice(0, 200).map((event) => (
          <option key={event} value={event} />
        ))}
      </datalist>
      {isTried && typeFault && (
        <p className="fault" role="alert">
          {typeFault}.
        </p>
      )}
      <label htmlFor={ids.body}>
        Carries <span className="muted">JSON, may be empty</span>
      </label>
      <textarea
        id={ids.body}
        className="field mono"
        rows={Math.min(12, Math.max(3, body.split('\n').length))}
        value={body}
        onChange={({ target }) => setBody(target.value)}
        placeholder={'{ "part": 7 }'}
        spellCheck={false}
        aria-invalid={!read.ok}
        aria-describedby={ids.fault}
      />
      <div id={ids.fault} aria-live="polite">
        {!read.ok && <FaultText fault={read.fault} text={body} />}
      </div>
      <div className="send-row">
        <button type="submit" className="button primary" disabled={!client || sent?.state === 'sending'}>
          Send
        </button>
        <div role="status" className="send-status">
          {sent && <SendResult sent={sent} />}
        </div>
      </div>
    </form>
  );
}

function offersText(count: number, any: boolean): string {
  if (any) return count > 0 ? 'and, by a wildcard, any other event' : 'Takes any event now, by a wildcard';
  if (count > MAX_OFFERED) return `and ${count - MAX_OFFERED} more that it takes now`;
  return count > 0 ? '' : 'Takes no event from outside in this state';
}

/** What is wrong, and the line it is in with a mark below. */
function FaultText({ fault, text }: { readonly fault: Fault; readonly text: string }) {
  const { why, line, column } = fault;
  const source = line === undefined ? undefined : text.split('\n')[line - 1];
  const shift = Math.max(0, (column ?? 1) - 24);
  return (
    <div className="fault">
      <p>
        {line !== undefined && (
          <>
            Line {line}, column {column}:{' '}
          </>
        )}
        {why}.
      </p>
      {source !== undefined && source.trim() !== '' && (
        <pre aria-hidden="true">
          {plain(source.slice(shift, shift + 40))}
          {'\n'}
          {' '.repeat(Math.max(0, (column ?? 1) - 1 - shift))}^
        </pre>
      )}
    </div>
  );
}
