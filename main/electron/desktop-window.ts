import { app, type BrowserWindow } from 'electron';

/** The one window: opened when there is none, brought to the front when there is. */
export class DesktopWindow {
  readonly #create: () => BrowserWindow;
  #window: BrowserWindow | undefined;
  #quitting = false;

  constructor(create: () => BrowserWindow) {
    this.#create = create;
    app.on('before-quit', () => {
      this.#quitting = true;
    });
  }

  /** Missing before the first `show`, and after it was closed. */
  get current(): BrowserWindow | undefined {
    return this.#window?.isDestroyed() ? undefined : this.#window;
  }

  readonly show = (): void => {
    if (this.#quitting) return;
    const { current } = this;
    if (!current) {
      this.#window = this.#create();
      this.#window.on('close', this.#onClose);
      return;
    }
    if (current.isMinimized()) current.restore();
    current.show();
    current.focus();
  };

  hide(): void {
    this.current?.hide();
  }

  /**
   * The node goes on without its window, and the tray brings the window back. Linux does not tell whether a tray is to be
   * seen; there, closing ends the application, so that no node runs that nobody can find.
   */
  readonly #onClose = (event: { preventDefault(): void }): void => {
    if (this.#quitting || process.platform === 'linux') return;
    event.preventDefault();
    this.hide();
  };
}
