import { assign, log, raise } from 'xstate';
import type { SendableEvent } from '../../shared/envelope.ts';
import { isName } from '../../shared/ids.ts';
import { isObject, type Json, kindOf } from '../../shared/json-kinds.ts';
import * as im from '../xstate.ts';
import { eventTypeProblem } from './event-types.ts';
import type { Implementations } from './implementations.ts';
import { delayFrom } from './json-delays.ts';
import type { Scope } from './operators.ts';
import { didYouMean, type Path, type Problems } from './problems.ts';
import { expressionText, type Names, type Value, valueFrom } from './values.ts';

type Action = Implementations['actions'][string];

/** An action, under the name that the chart shows. */
export interface Built {
  readonly label: string;
  readonly action: Action;
}

/** What a built-in action is made from. */
export interface Making {
  readonly params: Json;
  readonly path: Path;
  readonly names: Names;
  readonly problems: Problems;
}

export interface BuiltIn {
  /** Names of its parameters; those with a question mark may be missing. */
  readonly params: readonly string[] | 'context';
  readonly example: string;
  make(making: Making): Built;
}

type EventMaker = ((scope: Scope) => SendableEvent) & { readonly type: string };

/** What a JSON machine can do without code. */
export const BUILT_IN_ACTIONS: Readonly<Record<string, BuiltIn>> = {
  assign: {
    params: 'context',
    example: '{ "type": "assign", "params": { "count": 1 } }',
    make: ({ params, path, names, problems }) => {
      for (const name of Object.keys(params)) {
        if (names.context && !names.context.has(name))
          problems.nameError(
            [...path, name],
            `the context has no "${name}"`,
            didYouMean(name, names.context) ?? FIRST_VALUE,
          );
      }
      const entries = Object.entries(params).map(
        ([name, json]) => [name, valueFrom(json, [...path, name], names, problems)] as const,
      );
      return {
        label: `assign ${Object.keys(params).join(', ')}`,
        action: assign((scope) => Object.fromEntries(entries.map(([name, value]) => [name, value(scope)]))),
      };
    },
  },
  log: {
    params: ['message'],
    example: '{ "type": "log", "params": { "message": "started" } }',
    make: (making) => {
      const message = paramOf('message', making);
      return { label: `log ${expressionText(making.params.message)}`, action: log(message) };
    },
  },
  raise: {
    params: ['event', 'delay?'],
    example: '{ "type": "raise", "params": { "event": "RETRY", "delay": 500 } }',
    make: (making) => {
      const event = eventOf(making);
      const { delay } = making.params;
      const after =
        delay === undefined ? undefined : delayFrom(delay, [...making.path, 'delay'], making.names, making.problems);
      return { label: `raise ${event.type}`, action: raise(event, after === undefined ? {} : { delay: after }) };
    },
  },
  reply: {
    params: ['event'],
    example: '{ "type": "reply", "params": { "event": "LOADED" } }',
    make: (making) => {
      const event = eventOf(making);
      return { label: `reply ${event.type}`, action: im.reply(event) };
    },
  },
  sendTo: {
    params: ['to', 'event'],
    example: '{ "type": "sendTo", "params": { "to": "Press_1", "event": "LOAD" } }',
    make: (making) => {
      const event = eventOf(making);
      const to = paramOf('to', making);
      return {
        label: `sendTo ${expressionText(making.params.to).replaceAll('"', '')} ${event.type}`,
        action: im.sendTo((scope) => String(to(scope)), event),
      };
    },
  },
  sendToType: {
    params: ['to', 'event'],
    example: '{ "type": "sendToType", "params": { "to": "Inspector", "event": "INSPECT" } }',
    make: (making) => {
      const [to, event] = [typeOf(making), eventOf(making)];
      return { label: `sendToType ${to} ${event.type}`, action: im.sendToType(to, event) };
    },
  },
  sendToRandomOfType: {
    params: ['to', 'event'],
    example: '{ "type": "sendToRandomOfType", "params": { "to": "Robot", "event": "PART_READY" } }',
    make: (making) => {
      const [to, event] = [typeOf(making), eventOf(making)];
      return { label: `sendToRandomOfType ${to} ${event.type}`, action: im.sendToRandomOfType(to, event) };
    },
  },
  broadcastToSameType: {
    params: ['event'],
    example: '{ "type": "broadcastToSameType", "params": { "event": "HEARTBEAT" } }',
    make: (making) => {
      const event = eventOf(making);
      return { label: `broadcastToSameType ${event.type}`, action: im.broadcastToSameType(event) };
    },
  },
};

const FIRST_VALUE = 'Give it a first value under "context" at the top of the file.';

const paramOf = (name: string, { params, path, names, problems }: Making): Value =>
  valueFrom(params[name], [...path, name], names, problems);

function typeOf({ params, path, problems }: Making): string {
  const { to } = params;
  if (isName(to)) return to;
  problems.error([...path, 'to'], `the name of a machine type is expected, not ${kindOf(to)}`);
  return '';
}

/** `"LOADED"`, or `{ "type": "LOADED", … }` with values. */
function eventOf({ params, path, names, problems }: Making): EventMaker {
  const at = [...path, 'event'];
  const json = typeof params.event === 'string' ? { type: params.event } : params.event;
  const type = isObject(json) ? json.type : undefined;
  if (!isObject(json) || typeof type !== 'string') {
    problems.error(at, `an event is a text, or an object whose "type" is one, not ${kindOf(params.event)}`);
    return Object.assign(() => ({ type: '' }), { type: '' });
  }
  const wrong = eventTypeProblem(type);
  if (wrong) problems.error(typeof params.event === 'string' ? at : [...at, 'type'], wrong);
  const { type: _, ...fields } = json;
  const entries = Object.entries(fields).map(
    ([name, field]) => [name, valueFrom(field, [...at, name], names, problems)] as const,
  );
  const make = (scope: Scope): SendableEvent => ({
    type,
    ...Object.fromEntries(entries.map(([name, value]) => [name, value(scope)])),
  });
  // Whoever looks for endless loops sees from here what is raised.
  return Object.assign(make, { type });
}
