import { existsSync } from 'node:fs';

/** Docker, Podman and Kubernetes leave one of these. */
export const isContainer = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  existsSync('/.dockerenv') ||
  existsSync('/run/.containerenv') ||
  environment.KUBERNETES_SERVICE_HOST !== undefined ||
  (environment.container !== undefined && environment.container !== '');
