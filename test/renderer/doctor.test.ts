import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { diagnosisOf } from '../../main/core/diagnosis.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { noChromium } from '../support/chromium.ts';
import { factsOf, NODE, peerOf } from '../support/facts.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { eventually, raiseStage, type Stage } from '../support/renderer/stage.ts';

describe.skipIf(noChromium)(`the doctor's page${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  test('shows each finding with its cure, the worst first, and what was looked at', async () => {
    const world = new FakeWorld('hall');
    const endpoints = [
      { host: '192.168.1.6', port: 4_001, link: 'eth0', trip: { fault: 'silent', reason: 'timed out' } },
    ] as const;
    world.diagnosis = diagnosisOf(factsOf({ peers: [peerOf({ state: 'offline', endpoints, name: '<b>garden</b>' })] }));
    const { page, complaints } = await stage.open(world, { hash: '#/doctor' });
    await page.getByText('Something does not work: 1 finding to look at.').waitFor();
    const findings = page.getByRole('region', { name: 'Findings' }).getByRole('listitem');
    await eventually(() => findings.first().textContent()).toMatch(
      /^Error: "<b>garden<\/b>" .* is heard, and cannot be connected: .*swallows/,
    );
    await eventually(() => page.getByRole('region', { name: 'Ways to nodes' }).textContent()).toContain(
      '192.168.1.6:4001 on eth0: timed out',
    );
    await eventually(() => page.getByRole('region', { name: 'Interfaces' }).textContent()).toContain(
      'IPv4 multicast: answered after 4.0 ms',
    );
    expect(complaints).toEqual([]);
  });

  test('looks again when told, and says so meanwhile', async () => {
    const world = new FakeWorld('hall');
    let looked = 0;
    let answer = () => {};
    const { page } = await stage.open(world, {
      hash: '#/doctor',
      calls: {
        doctor: async () => {
          looked++;
          if (looked > 1) await new Promise<void>((resolve) => (answer = resolve));
          return diagnosisOf(factsOf(looked === 1 ? {} : { node: { ...NODE, isOpen: true } }));
        },
      },
    });
    await page.getByText('All is well.').waitFor();
    const button = page.getByRole('button', { name: 'Look again' });
    await button.click();
    await page.getByText('Looking at interfaces').waitFor();
    expect(await button.isDisabled()).toBe(true);
    answer();
    await page.getByText('The network is open').waitFor();
    expect(looked).toBe(2);
  });

  test('says why the node could not look', async () => {
    const { page } = await stage.open(new FakeWorld('hall'), {
      hash: '#/doctor',
      calls: {
        doctor: () => {
          throw new InterMachineError('INTERNAL', 'no eyes');
        },
      },
    });
    await page.getByRole('alert').getByText('no eyes').waitFor();
  });
});
