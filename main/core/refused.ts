import { MAX_REFUSED_LENGTH } from './defaults.ts';

// What is kept at its receiver of an event that was refused.

const BEGINNING = '{"type":"","refused":';

/** Whether it is short enough to be kept as it came. */
export const isKeptWhole = (eventJson: string): boolean => eventJson.length <= MAX_REFUSED_LENGTH;

/** Whatever it was, the log holds an event: its readers must not stumble over it. */
export const asRefused = (eventJson: string): string =>
  `${BEGINNING}${JSON.stringify(eventJson.slice(0, MAX_REFUSED_LENGTH))}}`;

/** Whether the text of an envelope is that of one which was refused, so not as it came. No machine gets an event whose type is empty. */
export const isRefused = (text: string): boolean => text.includes(`\n${BEGINNING}`);
