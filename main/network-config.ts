import { isIP } from 'node:net';
import { z } from 'zod';
import { LIMITS, type Limits, TIMINGS, type Timings } from './core/defaults.ts';

// What a program may set about the network, and how it is checked.

/** Where others can reach a node, if not at the addresses and the port that it has. */
export interface Advertised {
  readonly hosts: readonly string[];
  readonly port?: number;
}

/** Addresses that are announced in place of our own; one node has one port. */
const MAX_ADVERTISED = 6;
/** An hour; a longer patience is a mistake in the unit. */
const MAX_TIMING_MS = 3_600_000;

const EXPECTED =
  'an IP address is expected, with a port where another one than ours is reached: 192.0.2.7, 192.0.2.7:4000, [fd00::7]:4000';
const ADVERTISED =
  /^(?:\[(?<v6>[^\]]+)\](?::(?<v6Port>\d{1,5}))?|(?<v4>[\d.]+)(?::(?<v4Port>\d{1,5}))?|(?<bare>[\da-f:.]+))$/i;

export const advertise = z
  .array(z.string())
  .max(MAX_ADVERTISED, `${MAX_ADVERTISED} addresses at most`)
  .default([])
  .transform((texts, context): Advertised | undefined => {
    const places = texts.map((text) => placeIn(text));
    const ports = new Set(places.flatMap((place) => place?.port ?? []));
    if (places.includes(undefined)) context.addIssue(EXPECTED);
    if (ports.size > 1) context.addIssue('a node has one port, so all addresses must name the same one');
    if (places.length === 0) return undefined;
    const [port] = ports;
    return { hosts: places.flatMap((place) => place?.host ?? []), ...(port !== undefined && { port }) };
  });

function placeIn(text: string): { readonly host: string; readonly port?: number } | undefined {
  const { v6, v6Port, v4, v4Port, bare } = ADVERTISED.exec(text.trim())?.groups ?? {};
  const host = v6 ?? v4 ?? bare ?? '';
  const portText = v6Port ?? v4Port;
  const port = Number(portText);
  if (isIP(host) === 0 || (portText !== undefined && !(port >= 1 && port <= 65_535))) return undefined;
  return { host, ...(portText !== undefined && { port }) };
}

const milliseconds = z.int('whole milliseconds are expected').min(10, 'from 10').max(MAX_TIMING_MS, 'an hour at most');
const timingShape = Object.fromEntries(Object.keys(TIMINGS).map((name) => [name, milliseconds.optional()])) as Record<
  keyof Timings,
  z.ZodOptional<typeof milliseconds>
>;

export const timings = z
  .strictObject(timingShape)
  .default({})
  .transform((given): Timings => ({ ...TIMINGS, ...definedOf(given) }))
  .refine(
    ({ heartbeatMs, silenceMs }) => silenceMs >= 2 * heartbeatMs,
    'silenceMs must be twice heartbeatMs at least: one heartbeat that is late is no silence',
  )
  .refine(({ silenceMs, offlineMs }) => offlineMs >= silenceMs, 'offlineMs must not be less than silenceMs')
  .refine(
    ({ lateDialMinMs, lateDialMaxMs }) => lateDialMaxMs >= lateDialMinMs,
    'lateDialMaxMs must not be less than lateDialMinMs',
  )
  .refine(
    ({ redialFirstMs, redialCeilingMs }) => redialCeilingMs >= redialFirstMs,
    'redialCeilingMs must not be less than redialFirstMs',
  );

export const limits = z
  .strictObject({
    connections: z.int('a whole number is expected').min(1, 'from 1').max(10_000, '10,000 at most').optional(),
    dials: z.int('a whole number is expected').min(1, 'from 1').max(100, '100 at most').optional(),
  })
  .default({})
  .transform((given): Limits => ({ ...LIMITS, ...definedOf(given) }));

const definedOf = <Given extends object>(given: Given) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Given]: Exclude<Given[Key], undefined>;
  };
