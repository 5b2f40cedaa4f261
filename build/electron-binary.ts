import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `electron-binary` looks at; a test brings its own. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the user that runs this; missing on Windows. */
  readonly userId: number | undefined;
  /** The text of a file; missing where there is none. */
  readonly read: (path: string) => string | undefined;
}

export type ElectronBinary = { readonly path: string } | { readonly why: string };

const PACKAGE = fileURLToPath(new URL('../node_modules/electron', import.meta.url));
const PROGRAMS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
};
/** The kernel's switches that keep Chromium's sandbox from starting, and the value that does. */
const SANDBOX_SWITCHES = [
  ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1'],
  ['/proc/sys/kernel/unprivileged_userns_clone', '0'],
  ['/proc/sys/user/max_user_namespaces', '0'],
] as const;

/** Where Electron's program is, or in one line why the desktop cannot start here. It never imports electron: that downloads it. */
export function findElectron(surroundings: Surroundings = here()): ElectronBinary {
  const { platform, environment, userId } = surroundings;
  const path = programOf(surroundings);
  if (path === undefined) return { why: "Electron's program is not installed (`npx install-electron` downloads it)" };
  if (platform !== 'linux') return { path };
  if (!environment.DISPLAY && !environment.WAYLAND_DISPLAY) return { why: 'there is no display' };
  if (userId === 0) return { why: 'Chromium does not run as root, because its sandbox does not' };
  return sandboxProblem(surroundings, path) ?? { path };
}

function programOf({ platform, environment, read }: Surroundings): string | undefined {
  const given = environment.ELECTRON_OVERRIDE_DIST_PATH;
  const named = given ? (PROGRAMS[platform] ?? 'electron') : read(join(PACKAGE, 'path.txt'))?.trim();
  if (!named) return undefined;
  const path = join(given ?? join(PACKAGE, 'dist'), named);
  return existsSync(path) ? path : undefined;
}

/** Ubuntu 24.04 permits the sandbox only to programs that its AppArmor knows. Going without the sandbox is no answer. */
function sandboxProblem({ read }: Surroundings, path: string): ElectronBinary | undefined {
  // An AppArmor profile that names the program, made by whoever knows this host, lets it.
  if (read('/etc/apparmor.d/intermachine')?.includes(path)) return undefined;
  const found = SANDBOX_SWITCHES.find(([file, value]) => read(file)?.trim() === value);
  return found && { why: `the system denies Chromium its sandbox (${found[0]} is ${found[1]})` };
}

function here(): Surroundings {
  return {
    platform: process.platform,
    environment: process.env,
    userId: process.getuid?.(),
    read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
  };
}
